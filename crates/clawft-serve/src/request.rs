//! A request of a client, before its body is read.

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
