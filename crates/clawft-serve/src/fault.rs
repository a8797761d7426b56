//! Errors that providers and routers send in place of an answer, with a status of success.

use clawft_api::{Dialect, ErrorKind};
use clawft_types::json::{self, Node};

/// An error in place of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The status that it should have had.
    pub(crate) status: u16,
    /// The body as it came.
    pub(crate) body: Vec<u8>,
}

impl Fault {
    /// Returns the error that `document` is; `None` if it is something else, and not an error by its name.
    pub(crate) fn of(document: &[u8], is_error: bool, dialect: Dialect) -> Option<Fault> {
        let tree = json::parse(document).ok()?;
        let root = Node::root(&tree);
        if root.get("choices").is_some() {
            // Some servers send an empty error beside an answer.
            return None;
        }
        let is_named = ["type", "object"]
            .iter()
            .any(|key| root.text_of(key) == Some("error"));
        let error = root.get("error").filter(|error| !error.is_null());
        let error = error.or((is_error || is_named).then_some(root))?;
        let status = match kind(error) {
            None | Some(ErrorKind::Server) => 502,
            Some(kind) => kind.status(dialect),
        };
        Some(Fault {
            status,
            body: document.to_vec(),
        })
    }
}

/// Returns the kind of an error, by its code or its type.
fn kind(error: Node<'_>) -> Option<ErrorKind> {
    let code = error.get("code").and_then(Node::as_whole);
    let status = code.and_then(|code| u16::try_from(code).ok());
    let by_name = || {
        let mut names = ["code", "type"].iter().filter_map(|key| error.text_of(key));
        names.find_map(ErrorKind::of_name)
    };
    status.map(ErrorKind::of_status).or_else(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_status_of_errors() {
        for (body, status) in [
            (r#"{"error":{"message":"no","code":503}}"#, 503),
            (r#"{"error":{"message":"no","code":500}}"#, 502),
            (r#"{"error":{"message":"no","code":"rate_limit_exceeded"}}"#, 429),
            (
                r#"{"error":{"message":"no","code":null,"type":"invalid_request_error"}}"#,
                400,
            ),
            (r#"{"error":"no"}"#, 502),
            (r#"{"object":"error","message":"no","code":404}"#, 404),
            (r#"{"type":"error","error":{"type":"overloaded_error"}}"#, 503),
        ] {
            let fault = Fault::of(body.as_bytes(), false, Dialect::Chat).unwrap();
            assert_eq!(fault.status, status, "{body}");
            assert_eq!(fault.body, body.as_bytes());
        }
        let overloaded = br#"{"type":"error","error":{"type":"overloaded_error"}}"#;
        let named = br#"{"code":400,"message":"too long"}"#;
        assert_eq!(Fault::of(named, true, Dialect::Chat).unwrap().status, 400);
        assert_eq!(
            Fault::of(overloaded, false, Dialect::Messages).unwrap().status,
            529
        );
    }

    #[test]
    fn answers_are_no_errors() {
        for body in [
            "",
            "[DONE]",
            "{}",
            "[]",
            r#"{"error":null}"#,
            r#"{"object":"list","data":[]}"#,
            r#"{"choices":[],"error":{"message":""}}"#,
        ] {
            assert_eq!(Fault::of(body.as_bytes(), false, Dialect::Chat), None, "{body}");
        }
    }
}
