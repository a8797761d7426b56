//! HTTP as plain data: requests for the platform to send, and the errors that it reports.

use alloc::{borrow::Cow, string::String, vec::Vec};
use core::{fmt, time::Duration};

use clawft_types::{
    Secret, display_message, join,
    text::{Ascii as _, number},
};

/// The maximum number of response headers that a platform passes on. No provider sends a quarter of this.
pub const MAX_HEADERS: usize = 128;

/// The maximum length of the name and value of a header that is passed on, in bytes.
pub const MAX_HEADER_BYTES: usize = 8192;

/// A complete request.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute http or https URL without user info.
    pub url: String,
    /// All headers but those that the transport adds itself (`host`, `content-length`).
    pub headers: Vec<Header>,
    /// The body. Its length is known, so it need not be sent in chunks.
    pub body: Vec<u8>,
    /// The time until the first byte of the response's body. When one of the three limits is over, the
    /// platform stops and reports [`TransportError::TimedOut`].
    pub timeout: Duration,
    /// The time between two bytes of the body.
    pub idle_timeout: Duration,
    /// The time until the end of the response.
    pub total_timeout: Duration,
    /// Whether a stream is requested.
    pub stream: bool,
    /// The maximum size of the response's body in bytes; a larger one is [`TransportError::TooLarge`].
    pub max_response: usize,
}

/// Shows neither keys nor the query of the URL, which may be one, nor the conversation.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url.pieces(b'?').next())
            .field("headers", &self.headers)
            .field("body", &self.body.len())
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("stream", &self.stream)
            .field("max_response", &self.max_response)
            .finish()
    }
}

/// A request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// Returns the name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// In lower case. Names from a configuration are checked when it is read.
    pub name: Cow<'static, str>,
    /// Without line breaks and other control characters.
    pub value: HeaderValue,
}

/// A header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderValue {
    /// A value that may be shown.
    Plain(String),
    /// A value that holds a key and displays as `***`.
    Secret(Secret),
}

impl HeaderValue {
    /// Returns the text to send, even if it is secret.
    pub fn expose(&self) -> &str {
        match self {
            HeaderValue::Plain(text) => text,
            HeaderValue::Secret(secret) => secret.expose(),
        }
    }
}

impl fmt::Display for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderValue::Plain(text) => f.write_str(text),
            HeaderValue::Secret(secret) => secret.fmt(f),
        }
    }
}

/// The reason why no complete response arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection failed or broke. The turn may retry.
    Unavailable(
        /// The cause, as a sentence fragment: `connection refused`.
        String,
    ),
    /// As [`Self::Unavailable`], but a retry cannot succeed, for example on a host without HTTP.
    Impossible(
        /// The cause, as a sentence fragment.
        String,
    ),
    /// One of the request's time limits is over.
    TimedOut {
        /// The limit.
        after: Duration,
        /// The kind of the limit.
        limit: TimeLimit,
    },
    /// The body is larger than [`HttpRequest::max_response`].
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

/// A time limit of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLimit {
    /// [`HttpRequest::timeout`].
    FirstByte,
    /// [`HttpRequest::idle_timeout`].
    Idle,
    /// [`HttpRequest::total_timeout`].
    Total,
}

impl TransportError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            TransportError::Unavailable(cause) | TransportError::Impossible(cause) => {
                join!("HTTP unavailable: ", cause)
            }
            TransportError::TimedOut { after, limit } => {
                let limit = match limit {
                    TimeLimit::FirstByte => "",
                    TimeLimit::Idle => " without a byte of the answer (`idle_timeout_secs`)",
                    TimeLimit::Total => " (`total_timeout_secs`)",
                };
                join!("Request timed out after ", &seconds(*after), limit)
            }
            TransportError::TooLarge { limit } => join!(
                "HTTP response larger than the limit of ",
                &number(*limit as u64),
                " bytes (`max_response_bytes`)"
            ),
        }
    }
}

display_message!(TransportError);

impl core::error::Error for TransportError {}

/// Returns `30 s`, or `0.250 s` for fractions. Uses integers, because formatting floats would cost kilobytes.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = number(time.as_secs());
    match time.subsec_millis() {
        0 => join!(&whole, " s"),
        // Three digits, with zeros before them.
        millis => {
            let digits = number((1000 + millis).into());
            join!(&whole, ".", digits.get(1..).unwrap_or_default(), " s")
        }
    }
}
