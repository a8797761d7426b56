//! HTTP for the agent: one public API over what the target has.
//!
//! | target | back end | module |
//! |---|---|---|
//! | wasm32-wasip2 | B: raw `wasi:http` bindings (feature `wasi-raw`, the default) | `http/raw.rs` |
//! | wasm32-wasip2 | A: the crate `wasi-http-client` (feature of that name; wins where both are on) | `http/client.rs` |
//! | wasm32-wasip1, native | every request is [`HttpError::Impossible`] | `http/unavailable.rs` |
//!
//! # Which one ships, and why
//!
//! **B.** Measured with `cargo xtask wasm --target wasip2 --http client|raw`:
//!
//! | | component, raw bytes | gzip -9 | request body over 4,096 bytes | deadline |
//! |---|---|---|---|---|
//! | A | 304,243 | 137,223 | impossible (below) | connecting only |
//! | B | 117,663 | 53,718 | any size | the whole exchange, or since the last progress |
//!
//! A is more than twice as large, because it brings the `url` crate and with it the tables of internationalised host
//! names. It knows no time limit but the one for connecting, and words its errors by `Debug`, which prints nothing in a
//! build this small. Worst, it hands the whole body to `blocking-write-and-flush`, which takes at most 4,096 bytes and
//! *traps* on more: no error that could be caught, and every conversation with some history is longer. So `client.rs`
//! refuses such a body. It stays as the reference to compare B with, in size and in behaviour.

use clawft_core::TransportError;
use clawft_types::memory;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

mod url;

#[cfg(all(target_os = "wasi", target_env = "p2", feature = "wasi-http-client"))]
#[path = "http/client.rs"]
mod backend;
#[cfg(all(target_os = "wasi", target_env = "p2", feature = "wasi-raw", not(feature = "wasi-http-client")))]
#[path = "http/raw.rs"]
mod backend;
#[cfg(not(any(
    test,
    all(target_os = "wasi", target_env = "p2", any(feature = "wasi-raw", feature = "wasi-http-client"))
)))]
#[path = "http/unavailable.rs"]
mod backend;
#[cfg(test)]
#[path = "http/tests/scripted.rs"]
pub(crate) mod scripted;
#[cfg(test)]
use scripted as backend;

use url::Url;

/// Whether this build can really send requests, or answers each with [`HttpError::Impossible`].
pub const HTTP_IS_REAL: bool = backend::IS_REAL;

/// How long an exchange may take unless told otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How many bytes of body a response may have unless told otherwise: 10 MB.
pub const DEFAULT_MAX_RESPONSE: usize = 10_000_000;

/// How many bytes of body renew a timeout that is renewed at all.
pub const PROGRESS: usize = 256;

/// How many headers of a response are handed on. The host has its own bounds; no provider sends a quarter of this one.
const MAX_HEADERS: usize = 128;

/// How many bytes of name and value a header that is handed on may have.
const MAX_HEADER: usize = 8192;

/// Sends HTTP requests and waits for their responses.
#[derive(Clone)]
pub struct WasiHttpClient {
    /// How long one exchange may take from connecting to the last byte of the response.
    pub timeout: Duration,
    /// Whether the timeout begins anew whenever [`PROGRESS`] more bytes of body have arrived: a stream may take as long as
    /// it likes, but not trickle.
    pub renewed: bool,
    /// How many bytes of body a response may have before it is refused with [`HttpError::TooLarge`].
    pub max_response: usize,
}

impl Default for WasiHttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl WasiHttpClient {
    /// A client that gives each exchange 30 seconds and takes responses of up to [`DEFAULT_MAX_RESPONSE`] bytes.
    pub fn new() -> Self {
        Self::with_timeout(DEFAULT_TIMEOUT)
    }

    /// A client that gives each exchange `timeout`.
    pub fn with_timeout(timeout: Duration) -> Self {
        Self { timeout, renewed: false, max_response: DEFAULT_MAX_RESPONSE }
    }

    /// Asks for `url` by `GET`.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<HttpResponse, HttpError> {
        self.request("GET", url, headers, None)
    }

    /// Sends `body` by `POST`.
    ///
    /// # Errors
    /// As [`Self::request`].
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<HttpResponse, HttpError> {
        self.request("POST", url, headers, Some(body))
    }

    /// Sends a request and gathers the whole response. Every status is a response, 4xx and 5xx too.
    ///
    /// # Errors
    /// As [`Self::exchange`].
    pub fn request(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<HttpResponse, HttpError> {
        let mut response = HttpResponse { status: 0, headers: Vec::new(), body: Vec::new() };
        let mut gathered = Ok(());
        self.exchange(method, url, headers, body, &mut |part| {
            match part {
                Part::Head { status, headers } => (response.status, response.headers) = (status, headers),
                Part::Body(bytes) => gathered = memory::append(&mut response.body, bytes),
            }
            if gathered.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        gathered.map_err(|error| HttpError::Impossible(error.to_string()))?;
        Ok(response)
    }

    /// Sends a request and hands over the response as it arrives, until its end or until `sink` breaks off.
    /// `content-length` is set from the body; redirects are not followed.
    ///
    /// # Errors
    /// [`HttpError::InvalidRequest`] before anything is sent, for a URL that is not plain `http` or `https` and for
    /// header names or values that could smuggle another header in; the other cases as the exchange goes on.
    pub fn exchange(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        sink: Sink<'_>,
    ) -> Result<(), HttpError> {
        let url = Url::parse(url).map_err(HttpError::InvalidRequest)?;
        check_method(method)?;
        check_headers(headers)?;
        let request = Request { method, url, headers, body, timeout: self.timeout, renewed: self.renewed };
        let mut left = self.max_response;
        let mut too_large = false;
        backend::exchange(&request, &mut |part| {
            if let Part::Body(bytes) = &part {
                match left.checked_sub(bytes.len()) {
                    Some(rest) => left = rest,
                    None => {
                        too_large = true;
                        return ControlFlow::Break(());
                    }
                }
            }
            sink(part)
        })?;
        if too_large { Err(HttpError::TooLarge(self.max_response)) } else { Ok(()) }
    }
}

/// What arrives of a response: one head, then any number of pieces of body.
pub enum Part<'a> {
    /// Status line and headers.
    Head {
        /// From 100 to 599, as the server sent it.
        status: u16,
        /// Names and values in the order received, at most 128 of at most 8 KB; bytes that are not UTF-8 are replaced by
        /// `U+FFFD`.
        headers: Vec<(String, String)>,
    },
    /// The next bytes of the body, never none.
    Body(&'a [u8]),
}

/// Takes the parts of a response as they arrive; breaks off to hear no more.
pub type Sink<'a> = &'a mut dyn FnMut(Part<'_>) -> ControlFlow<()>;

/// A whole response.
pub struct HttpResponse {
    /// From 100 to 599, as the server sent it.
    pub status: u16,
    /// Names and values in the order received; bytes that are not UTF-8 are replaced by `U+FFFD`.
    pub headers: Vec<(String, String)>,
    /// The body's bytes, undecoded.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The body as text.
    ///
    /// # Errors
    /// If it is not UTF-8; the error says where.
    pub fn text(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.body)
    }

    /// Whether the status is from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A checked request, as the back ends take it.
#[allow(dead_code, reason = "the back end without HTTP reads none of it")]
struct Request<'a> {
    method: &'a str,
    url: Url<'a>,
    headers: &'a [(&'a str, &'a str)],
    body: Option<&'a [u8]>,
    timeout: Duration,
    renewed: bool,
}

/// The headers of a response that are handed on: of many the first, and none of extraordinary length.
#[allow(dead_code, reason = "the back end without HTTP has none")]
fn handed_on(headers: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    headers.filter(|(name, value)| name.len() + value.len() <= MAX_HEADER).take(MAX_HEADERS).collect()
}

/// Why there is no response. Worded without a key: neither headers nor URL are quoted.
#[derive(Debug)]
pub enum HttpError {
    /// No connection. Holds the cause.
    Unavailable(String),
    /// No connection now, nor with another attempt: the host has or grants none, or does not trust the server. Holds the
    /// cause.
    Impossible(String),
    /// The connection failed after the response had begun. Holds the cause.
    Interrupted(String),
    /// The exchange was not over in time. Holds the time waited.
    TimedOut(Duration),
    /// The body is larger than the client takes. Holds that limit in bytes.
    TooLarge(usize),
    /// Refused before anything was sent. Holds the reason.
    InvalidRequest(&'static str),
}

impl fmt::Display for HttpError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpError::Unavailable(cause) | HttpError::Impossible(cause) => {
                write!(out, "HTTP unavailable: {cause}")
            }
            HttpError::Interrupted(cause) => write!(out, "HTTP response broken off: {cause}"),
            HttpError::TimedOut(after) => TransportError::TimedOut { after: *after }.fmt(out),
            HttpError::TooLarge(limit) => write!(out, "HTTP response larger than the limit of {limit} bytes"),
            HttpError::InvalidRequest(reason) => write!(out, "HTTP request refused: {reason}"),
        }
    }
}

impl std::error::Error for HttpError {}

fn check_method(method: &str) -> Result<(), HttpError> {
    if is_token(method) { Ok(()) } else { Err(HttpError::InvalidRequest("the method is not a word")) }
}

/// Names must be tokens, and values free of what ends a header: a line break or a NUL.
fn check_headers(headers: &[(&str, &str)]) -> Result<(), HttpError> {
    for (name, value) in headers {
        if !is_token(name) {
            return Err(HttpError::InvalidRequest(
                "a header's name is empty or holds a character not allowed there",
            ));
        }
        if value.contains(['\r', '\n', '\0']) {
            return Err(HttpError::InvalidRequest("a header's value (an API key, say) holds a line break"));
        }
    }
    Ok(())
}

/// RFC 9110's token, less the punctuation that no header in use has.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests;
