//! A request and the connection for its answer.

use std::io;

use serde_json::Value;

use crate::{asked::Asked, dialect::Dialect, request::Request, wire::Wire};

/// The placeholder for a long text.
pub(crate) const MARK: &str = "the text is put here";

/// A request with everything that its answer depends on.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) request: &'a Request,
    /// The number of requests to this path, including this one.
    pub(crate) seen: u32,
    pub(crate) wire: &'a mut Wire,
}

impl Exchange<'_> {
    /// Answers with `text` as a whole. An invalid request is refused.
    pub(crate) fn whole(&mut self, text: impl FnOnce(&Asked) -> String) -> io::Result<()> {
        let Some(asked) = self.asked()? else { return Ok(()) };
        let answer = self.dialect.completion(&asked.model, &text(&asked));
        self.json(200, &[], &answer)
    }

    /// Returns the parsed request; `None` if it was invalid and has been refused.
    pub(crate) fn asked(&mut self) -> io::Result<Option<Asked>> {
        match self.dialect.read(self.request) {
            Ok(asked) => Ok(Some(asked)),
            Err((status, refusal)) => self.json(status, &[], &refusal).map(|()| None),
        }
    }

    pub(crate) fn error(&mut self, status: u16, headers: &[(&str, &str)]) -> io::Result<()> {
        let body = self.dialect.error(status, self.request);
        self.json(status, headers, &body)
    }

    pub(crate) fn json(&mut self, status: u16, headers: &[(&str, &str)], body: &Value) -> io::Result<()> {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.wire.whole(status, &headers, body.to_string().as_bytes())
    }

    /// Returns the body of a regular answer with `length` bytes of text, for any request.
    pub(crate) fn body(&self, length: usize) -> Vec<u8> {
        let body = self.dialect.completion("a-model", MARK).to_string();
        body.replacen(MARK, &digits(length), 1).into_bytes()
    }
}

/// Returns `length` bytes: the sixteen hexadecimal digits over and over.
pub(crate) fn digits(length: usize) -> String {
    let digits = "0123456789abcdef";
    let mut text = digits.repeat(length.div_ceil(digits.len()));
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_the_exact_length() {
        assert_eq!(digits(35), "0123456789abcdef0123456789abcdef012");
    }
}
