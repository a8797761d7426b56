//! Why there is no answer.

use clawft_core::TurnError;
use clawft_store::{FsError, StoreError};
use clawft_types::{ConfigError, InputError, SessionError};
use std::fmt;

/// Why there is no answer. `Display` is what the user sees, in the component's words; a key never is in it.
#[derive(Debug)]
pub struct Error {
    /// What went wrong.
    pub fault: Fault,
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// There is no configuration where it was looked for.
    NoConfig(FsError),
    /// A file cannot be used.
    File(FsError),
    /// The configuration is not JSON or not a configuration.
    Config(ConfigError),
    /// The message is empty or not a message.
    Input(InputError),
    /// The session's file was written by a later version, or is damaged where it was only to be looked at.
    Session {
        /// The file.
        path: String,
        /// What is the matter with it.
        error: SessionError,
    },
    /// The request cannot be sent as it is. Holds the reason.
    Request(&'static str),
    /// The provider did not answer.
    Turn(TurnError),
    /// It was stopped before anything had arrived.
    Stopped,
    /// The session was removed while the turn went on.
    Deleted,
    /// Anything else, such as a port that is in use or a terminal that cannot be read. A sentence fragment.
    Other(String),
}

impl Error {
    /// An error of the kind [`Fault::Other`].
    pub fn other(text: impl Into<String>) -> Self {
        Fault::Other(text.into()).into()
    }
}

/// The least that works, for those who have no configuration.
const EXAMPLE: &str = r#"
  {"agents": {"model": "gpt-4o-mini"},
   "providers": {"providers": {"openai": {"api_key_env": "OPENAI_API_KEY"}}}}"#;

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::NoConfig(error) => {
                write!(out, "{error}, create it; a minimal configuration is{EXAMPLE}")
            }
            Fault::File(error) => error.fmt(out),
            Fault::Config(error) => error.fmt(out),
            Fault::Input(error) => error.fmt(out),
            Fault::Session { path, error } => write!(out, "{path}: {error}"),
            Fault::Request(reason) => write!(out, "HTTP request refused: {reason}"),
            Fault::Turn(error) => error.fmt(out),
            Fault::Stopped => out.write_str("stopped before an answer had arrived"),
            Fault::Deleted => StoreError::Deleted.fmt(out),
            Fault::Other(text) => out.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl<F: Into<Fault>> From<F> for Error {
    fn from(fault: F) -> Self {
        Error { fault: fault.into() }
    }
}

impl From<FsError> for Fault {
    fn from(error: FsError) -> Self {
        Fault::File(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::File(error) => Fault::File(error),
            StoreError::Session { path, error } => Fault::Session { path, error },
            StoreError::Deleted => Fault::Deleted,
        }
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Fault::Config(error)
    }
}

impl From<InputError> for Fault {
    fn from(error: InputError) -> Self {
        Fault::Input(error)
    }
}

impl From<TurnError> for Fault {
    fn from(error: TurnError) -> Self {
        Fault::Turn(error)
    }
}
