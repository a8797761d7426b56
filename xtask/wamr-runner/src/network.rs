//! A network for the guest, which WASI preview 1 lacks: plain HTTP, one exchange at a time.

use std::{
    io::{self, Read as _},
    time::Duration,
};

use ureq::{Agent, Body, Error, http};

/// The maximum number of bytes to read at once.
const BUFFER: usize = 16 << 10;

/// A request and its time limits.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    /// Lines, `name: value`.
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// The time until the response begins.
    pub(crate) timeout: Duration,
    /// The time between two parts of the body.
    pub(crate) idle_timeout: Duration,
    /// The time until the end of the response.
    pub(crate) total_timeout: Duration,
}

/// A response that has begun.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Lines, `name: value`, each ended by a line feed.
    pub(crate) headers: String,
    body: Body,
}

/// The reason why there is no response, or only a part of one.
pub(crate) enum Broken {
    /// A retry may succeed.
    Unavailable(String),
    /// A retry cannot succeed.
    Impossible(String),
    /// The request's timeout has passed.
    TimedOut,
}

/// Sends `request`, and waits until its response begins.
pub(crate) fn send(request: &Request) -> Result<Response, Broken> {
    let client: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(request.total_timeout))
        .timeout_recv_response(Some(request.timeout))
        .timeout_per_read(Some(request.idle_timeout))
        .build()
        .into();
    let mut to_send = http::Request::builder()
        .method(request.method.as_str())
        .uri(&request.url);
    for (name, value) in request.headers.lines().filter_map(|line| line.split_once(": ")) {
        to_send = to_send.header(name, value);
    }
    let to_send = to_send
        .body(&request.body[..])
        .map_err(|error| Broken::Impossible(error.to_string()))?;
    let (head, body) = client.run(to_send)?.into_parts();
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
    };
    Ok(Response {
        status: head.status.as_u16(),
        headers: head.headers.iter().map(line).collect(),
        body,
    })
}

impl Response {
    /// Returns the next bytes of the body, as many as have arrived; none at its end.
    pub(crate) fn read(&mut self) -> Result<Vec<u8>, Broken> {
        let mut bytes = vec![0; BUFFER];
        let length = self.body.as_reader().read(&mut bytes)?;
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        match error {
            Error::Timeout(_) => Self::TimedOut,
            Error::BadUri(_) | Error::Http(_) | Error::TlsRequired => Self::Impossible(error.to_string()),
            Error::Io(error) => error.into(),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        // The client wraps its own errors where it implements a reader.
        match error.downcast::<Error>() {
            Ok(Error::Timeout(_)) => Self::TimedOut,
            Ok(error) => Self::Unavailable(error.to_string()),
            Err(error) => Self::Unavailable(error.to_string()),
        }
    }
}
