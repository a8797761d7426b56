//! Errors of loading and storing sessions.

use crate::fs::FsError;
use clawft_types::SessionError;
use std::fmt;

/// The reason why a session cannot be loaded or stored, with its file.
#[derive(Debug)]
pub enum StoreError {
    /// The file cannot be read or written.
    File(FsError),
    /// The file's content cannot be used.
    Session {
        /// The file.
        path: String,
        /// The fault.
        error: SessionError,
    },
    /// The session was removed during a turn.
    Deleted,
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::File(error) => error.fmt(out),
            StoreError::Session { path, error } => {
                out.write_str(path)?;
                out.write_str(": ")?;
                error.fmt(out)
            }
            StoreError::Deleted => out.write_str("the session was deleted meanwhile"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<FsError> for StoreError {
    fn from(error: FsError) -> Self {
        StoreError::File(error)
    }
}
