//! Whether a turn is in its session, as clients are told.

use crate::gateway::running::DELETED;
use crate::{Error, Fault};
use axum::http::HeaderName;
use clawft_store::{FsError, FsFault};
use clawft_types::json::Writer;

/// The header of whole answers in a session: `true` or `false`.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-clawft-stored");

/// Why a turn is not stored for which there was no more time.
pub(super) const ENDED: &str = "the gateway ended before";

/// Whether a turn is in its session. What the file is called and what the system says of it is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is.
    Stored,
    /// The disk, or the user's share of it, is full.
    DiskFull,
    /// The session was deleted while the turn was made.
    Deleted,
    /// The gateway ended before it could be stored.
    Ended,
    /// The file cannot be written for another reason.
    Failed,
}

impl Kept {
    /// Says what it is that `error` kept a turn from its session.
    pub(super) fn not(error: &Error) -> Kept {
        match &error.fault {
            Fault::File(FsError { fault: FsFault::Full, .. }) => Kept::DiskFull,
            Fault::Other(text) if text == DELETED => Kept::Deleted,
            Fault::Other(text) if text == ENDED => Kept::Ended,
            _ => Kept::Failed,
        }
    }

    /// The header's value.
    pub(super) fn header(self) -> &'static str {
        if self.reason().is_none() { "true" } else { "false" }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            Kept::Stored => None,
            Kept::DiskFull => Some("disk_full"),
            Kept::Deleted => Some("deleted"),
            Kept::Ended => Some("shutting_down"),
            Kept::Failed => Some("storage"),
        }
    }

    /// Writes the member of a stream's last events: `"clawft":{"stored":false,"reason":"disk_full"}`.
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
        FsError { operation: "write", path: "/home/somebody/s.json".to_owned(), fault }.into()
    }

    #[test]
    fn says_why_without_a_path() {
        let written = |kept: Kept| {
            let mut writer = Writer::default();
            writer.object(|body| kept.write(body));
            String::from_utf8(writer.into_bytes()).unwrap()
        };
        assert_eq!(written(Kept::Stored), r#"{"clawft":{"stored":true}}"#);
        for (error, reason) in [
            (file(FsFault::Full), "disk_full"),
            (file(FsFault::Denied), "storage"),
            (Error::other(DELETED), "deleted"),
            (Error::other(ENDED), "shutting_down"),
            (Error::other("somebody"), "storage"),
        ] {
            let kept = Kept::not(&error);
            assert_eq!(written(kept), format!(r#"{{"clawft":{{"stored":false,"reason":"{reason}"}}}}"#));
            assert_eq!((kept.header(), Kept::Stored.header()), ("false", "true"));
        }
    }
}
