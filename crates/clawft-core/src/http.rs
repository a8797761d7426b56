//! HTTP as plain data: requests for the platform to send, and the errors that it reports.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::Secret;
use core::fmt;
use core::time::Duration;

/// The maximum number of response headers that a platform passes on. No provider sends a quarter of this.
pub const MAX_HEADERS: usize = 128;

/// The maximum length of the name and value of a header that is passed on, in bytes.
pub const MAX_HEADER_BYTES: usize = 8192;

/// The number of body bytes that restart the timeout of a stream.
pub const PROGRESS_BYTES: usize = 256;

/// A complete request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute http or https URL without user info.
    pub url: String,
    /// All headers but those that the transport adds itself (`host`, `content-length`).
    pub headers: Vec<Header>,
    /// The body. Its length is known, so it need not be sent in chunks.
    pub body: Vec<u8>,
    /// The time from the first byte sent to the last byte read, after which the platform stops and reports
    /// [`TransportError::TimedOut`]. With [`Self::stream`] it restarts whenever [`PROGRESS_BYTES`] more bytes of
    /// body have arrived.
    pub timeout: Duration,
    /// Whether a stream is requested. It may take as long as it likes if it makes progress.
    pub stream: bool,
    /// The maximum size of the response's body in bytes; a larger one is [`TransportError::TooLarge`].
    pub max_response: usize,
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
    /// [`HttpRequest::timeout`] has passed.
    TimedOut {
        /// The time waited.
        after: Duration,
    },
    /// The body is larger than [`HttpRequest::max_response`].
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::Unavailable(cause) | TransportError::Impossible(cause) => {
                f.write_str("HTTP unavailable: ")?;
                f.write_str(cause)
            }
            TransportError::TimedOut { after } => {
                f.write_str("Request timed out after ")?;
                write_seconds(f, *after)
            }
            TransportError::TooLarge { limit } => {
                write!(
                    f,
                    "HTTP response larger than the limit of {limit} bytes (`max_response_bytes`)"
                )
            }
        }
    }
}

impl core::error::Error for TransportError {}

/// Writes `30 s`, or `0.250 s` for fractions. Uses integers, because formatting floats would cost kilobytes.
pub(crate) fn write_seconds(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    match time.subsec_millis() {
        0 => write!(f, "{} s", time.as_secs()),
        millis => write!(f, "{}.{millis:03} s", time.as_secs()),
    }
}
