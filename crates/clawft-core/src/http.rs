//! HTTP as plain data: what a platform is asked to send, and what it reports when that fails.

use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::Secret;
use core::fmt;
use core::time::Duration;

/// A request, ready to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An absolute http or https URL without user info.
    pub url: String,
    /// Everything but what the transport adds by itself (`host`, `content-length`).
    pub headers: Vec<Header>,
    /// The body; its length is known, so it need not be sent in chunks.
    pub body: Vec<u8>,
    /// The time from the first byte sent to the last byte read after which the platform gives up and reports
    /// [`TransportError::TimedOut`]. With [`Self::stream`] it begins anew whenever 256 more bytes of body have arrived.
    pub timeout: Duration,
    /// Whether the answer is asked for piece by piece. It may take as long as it likes then, if only something comes.
    pub stream: bool,
    /// The most bytes of body that the response may have; more is [`TransportError::TooLarge`].
    pub max_response: usize,
}

/// A request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// In lower case.
    pub name: &'static str,
    /// Without line breaks and other control characters.
    pub value: HeaderValue,
}

/// A header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderValue {
    /// May be shown.
    Plain(String),
    /// Holds a key and prints as `***`.
    Secret(Secret),
}

impl HeaderValue {
    /// The text to send, also if it is secret.
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

/// Why no whole response came.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection, or a broken one. The turn may try again.
    Unavailable(
        /// In words, as a sentence fragment: `connection refused`.
        String,
    ),
    /// As [`Self::Unavailable`], where trying again would not help: a host without HTTP.
    Impossible(
        /// In words, as a sentence fragment.
        String,
    ),
    /// [`HttpRequest::timeout`] has passed.
    TimedOut {
        /// The time waited.
        after: Duration,
    },
    /// The body is larger than [`HttpRequest::max_response`].
    TooLarge {
        /// That limit in bytes.
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
                write!(f, "HTTP response larger than the limit of {limit} bytes (`max_response_bytes`)")
            }
        }
    }
}

impl core::error::Error for TransportError {}

/// `30 s`, or `0.250 s` where it is not whole seconds. In integers: formatting floats would cost kilobytes.
pub(crate) fn write_seconds(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    match time.subsec_millis() {
        0 => write!(f, "{} s", time.as_secs()),
        millis => write!(f, "{}.{millis:03} s", time.as_secs()),
    }
}
