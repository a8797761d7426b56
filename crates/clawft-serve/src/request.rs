//! A request of a client, before its body is read.

use clawft_types::memory;

use crate::refusal::Refusal;

/// The head of a request.
#[derive(Debug, Clone, Default)]
pub struct Incoming {
    /// The method in upper case.
    pub method: String,
    /// The path, with or without a query.
    pub target: String,
    /// Names, in lower or upper case, and values.
    pub headers: Vec<(String, String)>,
}

impl Incoming {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        clawft_core::response_head::header(&self.headers, name)
    }

    /// Returns the path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// Checks that the body is JSON, and not compressed.
    ///
    /// # Errors
    /// 415. A page of another site cannot send JSON without permission, which it never gets.
    pub(crate) fn check_json(&self) -> Result<(), Refusal> {
        let refused = |message: &str| Err(Refusal::new(415, "unsupported_media_type", message));
        if clawft_core::response_head::encoding(&self.headers).is_some() {
            return refused(
                "the server does not decompress requests: send the body without `Content-Encoding`",
            );
        }
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        refused("send JSON, with the header `Content-Type: application/json`")
    }

    /// Returns the length of the body, if the client names it.
    pub fn length(&self) -> Option<usize> {
        clawft_core::response_head::length(&self.headers)
    }
}

/// A body that is read up to a limit. One that is too large is still read for a while, because a client that is
/// interrupted while it writes may never read the response.
#[cfg_attr(
    not(target_os = "wasi"),
    allow(dead_code, reason = "the components read bodies")
)]
pub(crate) struct Limited {
    bytes: Vec<u8>,
    limit: usize,
    /// The number of bytes that came.
    seen: usize,
}

#[cfg_attr(
    not(target_os = "wasi"),
    allow(dead_code, reason = "the components read bodies")
)]
impl Limited {
    /// Returns an empty body of at most `limit` bytes; `length` is the one that the client names.
    ///
    /// # Errors
    /// 413 if the rest is not worth reading.
    pub(crate) fn new(limit: usize, length: Option<usize>) -> Result<Limited, Refusal> {
        let body = Limited {
            bytes: Vec::new(),
            limit,
            seen: 0,
        };
        match length {
            Some(length) if length > body.most() => Err(too_large(limit)),
            _ => Ok(body),
        }
    }

    /// Returns how many bytes are read, even if they are too many.
    fn most(&self) -> usize {
        self.limit.saturating_mul(2)
    }

    /// Adds the next bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.seen = self.seen.saturating_add(bytes.len());
        if self.seen > self.most() {
            return Err(too_large(self.limit));
        }
        if self.seen > self.limit {
            self.bytes = Vec::new();
            return Ok(());
        }
        memory::append(&mut self.bytes, bytes).map_err(|_| too_large(self.limit))
    }

    /// Returns the complete body.
    pub(crate) fn end(self) -> Result<Vec<u8>, Refusal> {
        if self.seen > self.limit {
            return Err(too_large(self.limit));
        }
        Ok(self.bytes)
    }
}

/// Returns the error for a body that is larger than `limit` bytes.
pub fn too_large(limit: usize) -> Refusal {
    let message = format!("the request's body is larger than {limit} bytes (`gateway.max_body_bytes`)");
    Refusal::new(413, "request_too_large", message)
}

/// Returns the error for a body that does not arrive in time.
pub fn too_slow() -> Refusal {
    Refusal::new(408, "timeout", "the request's body did not come in time")
}

/// Returns the error for a body that broke off.
pub fn broken_off() -> Refusal {
    Refusal::new(400, "bad_request", "the request's body broke off")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_large_body_for_while_and_refuses_it() {
        let read = |parts: &[usize]| {
            let mut body = Limited::new(10, None)?;
            for part in parts {
                body.add(&vec![b'x'; *part])?;
            }
            body.end()
        };
        assert_eq!(read(&[4, 6]).map(|body| body.len()), Ok(10));
        assert_eq!(read(&[4, 7, 9]), Err(too_large(10)));
        assert_eq!(read(&[4, 7, 10]), Err(too_large(10)));
        assert!(Limited::new(10, Some(20)).is_ok() && Limited::new(10, Some(21)).is_err());
    }
}
