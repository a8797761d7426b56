//! Errors in data from outside. Users read their `Display` form.
//!
//! Each type implements [`core::error::Error`] and is `Send + Sync`, so `?` converts all of them to `Box<dyn
//! Error + Send + Sync>`.

use crate::join;
use crate::json::{JsonError, JsonFault};
use crate::memory::NoMemory;
use alloc::string::{String, ToString as _};
use core::fmt;

/// An unusable configuration: `/config/config.json:3:14: not JSON, expected value` for a syntax error,
/// `/config/config.json: agents.model: expected a string, found a number` for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as the caller named it.
    pub path: String,
    /// The error and its position in the file.
    pub cause: JsonError,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        f.write_str(match self.cause.fault() {
            JsonFault::Syntax { .. } => ":",
            _ => ": ",
        })?;
        self.cause.fmt(f)
    }
}

impl core::error::Error for ConfigError {}

/// A user's message that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputError {
    /// Nothing but white space.
    Empty,
    /// A JSON message with a role other than `user`, or with fields that are not strings.
    Message(JsonError),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputError::Empty => f.write_str(
                "the message is empty: give a line of text, or `{\"role\":\"user\",\"content\":\"…\"}`, on standard input",
            ),
            InputError::Message(cause) => {
                f.write_str("the message is not usable: ")?;
                cause.fmt(f)
            }
        }
    }
}

impl core::error::Error for InputError {}

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

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::Damaged(cause) => {
                f.write_str("damaged session: ")?;
                cause.fmt(f)
            }
            SessionError::Newer(version) => f.write_str(&join!(
                "session version ",
                &version.to_string(),
                " is newer than this program reads (",
                &crate::session::VERSION.to_string(),
                ")"
            )),
            SessionError::NoMemory(error) => {
                f.write_str("the session cannot be read, ")?;
                error.fmt(f)
            }
        }
    }
}

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

impl fmt::Display for SessionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        // The text may hold anything, also terminal control sequences and megabytes of text.
        let shown = self
            .0
            .chars()
            .take(64)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c });
        f.write_str(&shown.collect::<String>())?;
        f.write_str(
            "` is not a session id: use 1 to 64 of the characters A-Z a-z 0-9 `.` `_` `-`, the first one not a dot",
        )
    }
}

impl core::error::Error for SessionIdError {}
