//! HTTP for the agent: one public API over the back end of the target.
//!
//! | target | back end | module |
//! |---|---|---|
//! | wasm32-wasip2 | B: raw `wasi:http` bindings (feature `wasi-raw`, the default) | `http/raw.rs` |
//! | wasm32-wasip2 | A: the crate `wasi-http-client` (feature of that name; wins where both are on) | `http/client.rs` |
//! | wasm32-wasip1, native | every request is [`HttpError::Impossible`] | `http/unavailable.rs` |
//!
//! # Shipped back end
//!
//! **B.** Measured with `cargo xtask wasm --target wasip2 --http client|raw`:
//!
//! | | component, raw bytes | gzip -9 | request body over 4,096 bytes | deadline |
//! |---|---|---|---|---|
//! | A | 304,243 | 137,223 | impossible (below) | connecting only |
//! | B | 117,663 | 53,718 | any size | until the first byte, between two bytes, and for the whole exchange |
//!
//! A is more than twice as large, because it includes the `url` crate with the tables of internationalised
//! host names. Its only time limit is the one for connecting, and it formats its errors with `Debug`, which
//! prints nothing in a build this small. Most importantly, it passes the whole body to
//! `blocking-write-and-flush`, which accepts at most 4,096 bytes and *traps* on more: an error that cannot be
//! caught, and every conversation with some history is longer. So `client.rs` rejects such a body. A remains
//! as the reference for B's size and behaviour.

use std::{ops::ControlFlow, time::Duration};

use clawft_core::{
    Method, TimeLimit, TransportError,
    http::{MAX_HEADER_BYTES, MAX_HEADERS},
    url::Url,
};
use clawft_types::{display_message, join, memory, text::number};

#[cfg(all(target_os = "wasi", target_env = "p2", feature = "wasi-http-client"))]
#[path = "http/client.rs"]
mod backend;
#[cfg(all(
    target_os = "wasi",
    target_env = "p2",
    feature = "wasi-raw",
    not(feature = "wasi-http-client")
))]
#[path = "http/raw.rs"]
mod backend;
#[cfg(not(any(
    test,
    all(
        target_os = "wasi",
        target_env = "p2",
        any(feature = "wasi-raw", feature = "wasi-http-client")
    )
)))]
#[path = "http/unavailable.rs"]
mod backend;
#[cfg(test)]
#[path = "http/tests/scripted.rs"]
pub(crate) mod scripted;
#[cfg(test)]
use scripted as backend;

#[cfg(all(
    target_os = "wasi",
    target_env = "p2",
    feature = "wasi-raw",
    not(feature = "wasi-http-client")
))]
pub use backend::finish;

/// Whether this build can send requests; otherwise each fails with [`HttpError::Impossible`].
pub const HTTP_IS_REAL: bool = backend::IS_REAL;

/// The default time until the first byte of the response's body.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The default time between two bytes of the body.
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The default time of an exchange.
const DEFAULT_TOTAL_TIMEOUT: Duration = Duration::from_secs(600);

/// The default limit of a response's body in bytes: 10 MB.
pub const DEFAULT_MAX_RESPONSE: usize = 10_000_000;

/// Sends HTTP requests and receives their responses.
#[derive(Clone)]
pub struct WasiHttpClient {
    /// The time of one exchange from connecting to the first byte of the response's body.
    pub timeout: Duration,
    /// The time between two bytes of the body.
    pub idle_timeout: Duration,
    /// The time of one exchange from connecting to the last byte of the response.
    pub total_timeout: Duration,
    /// The maximum size of a response's body in bytes; a larger one fails with [`HttpError::TooLarge`].
    pub max_response: usize,
}

impl Default for WasiHttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl WasiHttpClient {
    /// Returns a client with a timeout of 30 seconds and a limit of [`DEFAULT_MAX_RESPONSE`] bytes.
    pub fn new() -> Self {
        Self::with_timeout(DEFAULT_TIMEOUT)
    }

    /// Returns a client that waits for the first byte of each response for the time `timeout`.
    pub fn with_timeout(timeout: Duration) -> Self {
        Self {
            timeout,
            idle_timeout: DEFAULT_IDLE_TIMEOUT,
            total_timeout: DEFAULT_TOTAL_TIMEOUT.max(timeout),
            max_response: DEFAULT_MAX_RESPONSE,
        }
    }

    /// Requests `url` with `GET`.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<HttpResponse, HttpError> {
        self.request(Method::Get, url, headers, None)
    }

    /// Sends `body` with `POST`.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<HttpResponse, HttpError> {
        self.request(Method::Post, url, headers, Some(body))
    }

    /// Sends a request and collects the whole response. Every status is a response, including 4xx and 5xx.
    ///
    /// # Errors
    /// As [`Self::exchange`].
    pub fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<HttpResponse, HttpError> {
        let mut response = HttpResponse {
            status: 0,
            headers: Vec::new(),
            body: Vec::new(),
        };
        let mut gathered = Ok(());
        self.exchange(method, url, headers, body, &mut |part| {
            match part {
                Part::Head { status, headers } => (response.status, response.headers) = (status, headers),
                Part::Body(bytes) => gathered = memory::append(&mut response.body, bytes),
                Part::Pause => {}
            }
            if gathered.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        gathered.map_err(|error| HttpError::Impossible(error.message()))?;
        Ok(response)
    }

    /// Sends a request and passes the response to `sink` as it arrives, until its end or until `sink` breaks.
    ///
    /// # Errors
    /// As [`Self::begin`], and the other errors during the exchange.
    pub fn exchange(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        sink: Sink<'_>,
    ) -> Result<(), HttpError> {
        let mut exchange = self.begin(method, url, headers, body)?;
        while let Some(part) = exchange.receive()? {
            if sink(part).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Sends a request, and returns the exchange, which is closed when it is dropped. `content-length` is set from the
    /// body; redirects are not followed.
    ///
    /// # Errors
    /// [`HttpError::InvalidRequest`] before anything is sent, for a URL that is not plain `http` or `https`
    /// and for header names or values that could inject another header; the other errors while it is sent.
    pub fn begin(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Exchange, HttpError> {
        let url = Url::parse(url).map_err(HttpError::InvalidRequest)?;
        check_headers(headers)?;
        let backend = backend::Exchange::begin(&Request {
            method,
            url,
            headers,
            body,
            timeout: self.timeout,
            idle_timeout: self.idle_timeout,
            total_timeout: self.total_timeout,
        })?;
        Ok(Exchange {
            backend,
            left: self.max_response,
            limit: self.max_response,
        })
    }
}

/// A request that was sent, and whose response is received part by part.
pub struct Exchange {
    backend: backend::Exchange,
    /// The number of further bytes of the body that are accepted, and the number at the beginning.
    left: usize,
    limit: usize,
}

impl Exchange {
    /// Waits for the next part of the response; `None` at its end. Time between two calls does not count as time
    /// between two bytes.
    ///
    /// # Errors
    /// If the rest of the response cannot be received.
    pub fn receive(&mut self) -> Result<Option<Part<'_>>, HttpError> {
        let part = self.backend.receive()?;
        if let Some(Part::Body(bytes)) = &part {
            let left = self.left.checked_sub(bytes.len());
            self.left = left.ok_or(HttpError::TooLarge(self.limit))?;
        }
        Ok(part)
    }

    /// Waits for more of the body after [`Part::Pause`], at most for `time`. Returns whether there is a next part.
    ///
    /// # Errors
    /// If the rest of the response does not arrive in time.
    #[cfg(all(
        target_os = "wasi",
        target_env = "p2",
        any(feature = "wasi-raw", feature = "wasi-http-client")
    ))]
    pub fn wait(&mut self, time: Duration) -> Result<bool, HttpError> {
        self.backend.wait(time)
    }
}

/// A part of a response: one head, then any number of body parts.
pub enum Part<'a> {
    /// Status line and headers.
    Head {
        /// The status code as the server sent it, from 100 to 599.
        status: u16,
        /// Names and values in the order received, at most 128 of at most 8 KB each; bytes that are not UTF-8
        /// are replaced by `U+FFFD`.
        headers: Vec<(String, String)>,
    },
    /// The next bytes of the body, at least one.
    Body(&'a [u8]),
    /// Nothing: no more has arrived yet.
    Pause,
}

/// Receives the parts of a response as they arrive; breaks to stop the exchange.
pub type Sink<'a> = &'a mut dyn FnMut(Part<'_>) -> ControlFlow<()>;

/// A complete response.
pub struct HttpResponse {
    /// The status code as the server sent it, from 100 to 599.
    pub status: u16,
    /// Names and values in the order received; bytes that are not UTF-8 are replaced by `U+FFFD`.
    pub headers: Vec<(String, String)>,
    /// The body's bytes, undecoded.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// Returns the body as text.
    ///
    /// # Errors
    /// If it is not UTF-8; the error has the position.
    pub fn text(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.body)
    }

    /// Returns whether the status is from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A checked request, as the back ends receive it.
#[allow(dead_code, reason = "the back end without HTTP reads none of it")]
struct Request<'a> {
    method: Method,
    url: Url<'a>,
    headers: &'a [(&'a str, &'a str)],
    body: Option<&'a [u8]>,
    timeout: Duration,
    idle_timeout: Duration,
    total_timeout: Duration,
}

/// Returns the headers that are passed on: the first ones if there are many, and none of excessive length.
#[allow(dead_code, reason = "the back end without HTTP has none")]
fn handed_on(headers: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    headers
        .filter(|(name, value)| name.len() + value.len() <= MAX_HEADER_BYTES)
        .take(MAX_HEADERS)
        .collect()
}

/// The reason why there is no response. Never holds a key, because neither headers nor URL are quoted.
#[derive(Debug)]
pub enum HttpError {
    /// The connection failed. Holds the cause.
    Unavailable(String),
    /// The connection failed and a retry cannot succeed: the host has no HTTP, grants none, or does not trust
    /// the server. Holds the cause.
    Impossible(String),
    /// The connection failed after the response had begun. Holds the cause.
    Interrupted(String),
    /// A time limit is over. Holds its length and which one it is.
    TimedOut(Duration, TimeLimit),
    /// The body is larger than the limit, which this holds in bytes.
    TooLarge(usize),
    /// The request was rejected before anything was sent. Holds the reason.
    InvalidRequest(&'static str),
}

impl HttpError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            HttpError::Unavailable(cause) | HttpError::Impossible(cause) => {
                join!("HTTP unavailable: ", cause)
            }
            HttpError::Interrupted(cause) => join!("HTTP response broken off: ", cause),
            HttpError::TimedOut(after, limit) => TransportError::TimedOut {
                after: *after,
                limit: *limit,
            }
            .message(),
            HttpError::TooLarge(limit) => join!(
                "HTTP response larger than the limit of ",
                &number(*limit as u64),
                " bytes"
            ),
            HttpError::InvalidRequest(reason) => join!("HTTP request refused: ", reason),
        }
    }
}

display_message!(HttpError);

impl std::error::Error for HttpError {}

/// Checks that names are tokens, and that values hold no end of a header: a line break or a NUL.
fn check_headers(headers: &[(&str, &str)]) -> Result<(), HttpError> {
    for (name, value) in headers {
        if !is_token(name) {
            return Err(HttpError::InvalidRequest(
                "a header's name is empty or holds a character not allowed there",
            ));
        }
        if value.contains(['\r', '\n', '\0']) {
            return Err(HttpError::InvalidRequest(
                "a header's value (an API key, say) holds a line break",
            ));
        }
    }
    Ok(())
}

/// Returns whether a text is RFC 9110's token, without the punctuation that no header uses.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests;
