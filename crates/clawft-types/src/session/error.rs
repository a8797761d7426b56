//! The errors of stored sessions and their ids.

use alloc::string::String;

use super::VERSION;
use crate::{
    display_message, join,
    json::{JsonError, JsonFault},
    memory::NoMemory,
    text::number,
};

/// An unusable session file. A damaged one may still be valuable to the user: keep it under another name,
/// never overwrite it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionError {
    /// Not JSON, or not the shape of a session.
    Damaged(JsonError),
    /// Written by a newer version; the number is the file's `version`.
    Newer(u64),
    /// There is no memory for the session. The file itself may be fine.
    NoMemory(NoMemory),
}

impl SessionError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            SessionError::Damaged(cause) => join!("damaged session: ", &cause.message()),
            SessionError::Newer(version) => join!(
                "session version ",
                &number(*version),
                " is newer than this program reads (",
                &number(VERSION),
                ")"
            ),
            SessionError::NoMemory(error) => join!("the session cannot be read, ", &error.message()),
        }
    }
}

display_message!(SessionError);

impl core::error::Error for SessionError {}

impl From<JsonError> for SessionError {
    fn from(error: JsonError) -> SessionError {
        match error.fault() {
            JsonFault::NoMemory(error) => SessionError::NoMemory(*error),
            _ => SessionError::Damaged(error),
        }
    }
}

/// A text that is not a valid session id. Holds the text; `Display` states the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionIdError(
    /// The rejected text.
    pub String,
);

impl SessionIdError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        // The text may hold anything, also terminal control sequences and megabytes of text.
        let shown = self
            .0
            .chars()
            .take(64)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c });
        join!(
            "`",
            &shown.collect::<String>(),
            "` is not a session id: use 1 to 64 of the characters A-Z a-z 0-9 `.` `_` `-`, the first one not a dot"
        )
    }
}

display_message!(SessionIdError);

impl core::error::Error for SessionIdError {}
