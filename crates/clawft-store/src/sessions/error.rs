//! Errors of loading and storing sessions.

use clawft_types::{SessionError, display_message, join};

use crate::fs::FsError;

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

impl StoreError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            StoreError::File(error) => error.message(),
            StoreError::Session { path, error } => join!(path, ": ", &error.message()),
            StoreError::Deleted => "the session was deleted meanwhile".to_owned(),
        }
    }
}

display_message!(StoreError);

impl std::error::Error for StoreError {}

impl From<FsError> for StoreError {
    fn from(error: FsError) -> Self {
        StoreError::File(error)
    }
}
