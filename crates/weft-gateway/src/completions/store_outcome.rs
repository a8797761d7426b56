//! The outcome of storing a turn, as clients see it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clawft_store::{FsError, FsFault};
use clawft_types::json::Writer;
use weft_agent::{Error, Fault};

/// The header of complete answers in a session: `true` or `false`.
const HEADER: HeaderName = HeaderName::from_static("x-clawft-stored");

/// The header with the category of the reason, if the first one is `false`.
const REASON_HEADER: HeaderName = HeaderName::from_static("x-clawft-stored-reason");

/// The error of a turn that was not stored before the gateway ended.
pub(super) const ENDED: &str = "the gateway ended before";

/// The outcome of storing a turn. Paths and system errors are in the log only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreOutcome {
    /// The turn was stored.
    Stored,
    /// The disk, or the user's quota, is full.
    DiskFull,
    /// The session was deleted while the turn was made.
    Deleted,
    /// The gateway ended before the turn could be stored.
    Ended,
    /// The store was out of reach.
    Unavailable,
    /// The turn cannot be stored for another reason.
    Failed,
}

impl StoreOutcome {
    /// Returns the outcome of a turn that could not be stored because of `error`.
    pub(super) fn failed(error: &Error) -> StoreOutcome {
        match &error.fault {
            Fault::File(FsError {
                fault: FsFault::Full, ..
            }) => StoreOutcome::DiskFull,
            Fault::Deleted => StoreOutcome::Deleted,
            Fault::StoreUnavailable(_) => StoreOutcome::Unavailable,
            Fault::Other(text) if text == ENDED => StoreOutcome::Ended,
            _ => StoreOutcome::Failed,
        }
    }

    /// Adds the headers to a complete answer.
    pub(super) fn add_headers(self, headers: &mut HeaderMap) {
        headers.insert(HEADER, HeaderValue::from_static(self.header()));
        if let Some(reason) = self.reason() {
            headers.insert(REASON_HEADER, HeaderValue::from_static(reason));
        }
    }

    /// Returns the header's value.
    fn header(self) -> &'static str {
        if self.reason().is_none() { "true" } else { "false" }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            StoreOutcome::Stored => None,
            StoreOutcome::DiskFull => Some("disk_full"),
            StoreOutcome::Deleted => Some("deleted"),
            StoreOutcome::Ended => Some("shutting_down"),
            StoreOutcome::Unavailable => Some("store_unavailable"),
            StoreOutcome::Failed => Some("storage"),
        }
    }

    /// Writes the member for a stream's last events: `"clawft":{"stored":false,"reason":"disk_full"}`.
    pub(super) fn write(self, body: &mut Writer) {
        body.member("clawft", |value| {
            value.object(|object| {
                object.literal_member("stored", self.header());
                if let Some(reason) = self.reason() {
                    object.text_member("reason", reason);
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(fault: FsFault) -> Error {
        FsError {
            operation: "write",
            path: "/home/somebody/s.json".to_owned(),
            fault,
        }
        .into()
    }

    #[test]
    fn gives_reason_without_a_path() {
        let written = |outcome: StoreOutcome| {
            let mut writer = Writer::default();
            writer.object(|body| outcome.write(body));
            String::from_utf8(writer.into_bytes()).unwrap()
        };
        assert_eq!(written(StoreOutcome::Stored), r#"{"clawft":{"stored":true}}"#);
        for (error, reason) in [
            (file(FsFault::Full), "disk_full"),
            (file(FsFault::Denied), "storage"),
            (Fault::Deleted.into(), "deleted"),
            (
                Fault::StoreUnavailable("somebody".to_owned()).into(),
                "store_unavailable",
            ),
            (Error::other(ENDED), "shutting_down"),
            (Error::other("somebody"), "storage"),
        ] {
            let outcome = StoreOutcome::failed(&error);
            assert_eq!(
                written(outcome),
                format!(r#"{{"clawft":{{"stored":false,"reason":"{reason}"}}}}"#)
            );
            let headers = |outcome: StoreOutcome| {
                let mut headers = HeaderMap::new();
                outcome.add_headers(&mut headers);
                headers
            };
            let told = headers(outcome);
            assert!(
                told["x-clawft-stored"] == "false" && told["x-clawft-stored-reason"] == reason,
                "{told:?}"
            );
            let stored = headers(StoreOutcome::Stored);
            assert!(stored["x-clawft-stored"] == "true" && stored.len() == 1);
        }
    }
}
