//! The errors of the agent.

use std::fmt;

use clawft_core::TurnError;
use clawft_store::{FsError, StoreError};
use clawft_types::{ConfigError, InputError, SessionError};

/// An error of the agent. `Display` is the message for the user, equal to the component's; it never contains
/// a key.
#[derive(Debug)]
pub struct Error {
    /// The kind of error.
    pub fault: Fault,
}

/// The kinds of errors.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// No configuration file exists.
    NoConfig {
        /// The missing file.
        error: FsError,
        /// Whether the user has named the file. Otherwise the environment could hold the configuration.
        named: bool,
        /// The missing variables, if the environment has a part of a configuration.
        lacking: Option<String>,
    },
    /// A file cannot be used.
    File(FsError),
    /// The configuration is not JSON, or not a configuration.
    Config(ConfigError),
    /// The message is empty, or not a message.
    Input(InputError),
    /// The session's file was written by a later version, or is damaged and only to be read.
    Session {
        /// Path of the file.
        path: String,
        /// The error in its content.
        error: SessionError,
    },
    /// The request is invalid. Holds the reason.
    Request(&'static str),
    /// The provider did not answer.
    Turn(TurnError),
    /// The turn was stopped before any text had arrived.
    Stopped,
    /// The session was deleted during the turn.
    Deleted,
    /// The store of the sessions is out of reach, so that a later attempt may succeed. Holds the message.
    StoreUnavailable(String),
    /// Any other error as a sentence fragment, for example a port that is in use or a terminal that cannot be
    /// read.
    Other(String),
}

impl Error {
    /// Returns an error of the kind [`Fault::Other`].
    pub fn other(text: impl Into<String>) -> Self {
        Fault::Other(text.into()).into()
    }
}

/// A minimal configuration, for users who have none.
const EXAMPLE: &str = r#"
  {"agents": {"model": "gpt-4o-mini"},
   "providers": {"providers": {"openai": {"api_key_env": "OPENAI_API_KEY"}}}}"#;

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::NoConfig {
                error, named: true, ..
            } => {
                let path = &error.path;
                write!(
                    out,
                    "{error}, create it with `weft init --config {path}`; a minimal configuration is{EXAMPLE}"
                )
            }
            Fault::NoConfig { error, lacking, .. } => {
                let path = &error.path;
                let create = format!("create `{path}` with `weft init`");
                match lacking {
                    Some(lacking) => write!(out, "{lacking}: set it too, or {create}"),
                    None => write!(
                        out,
                        "no provider is configured: set the key of one, such as `OPENAI_API_KEY`, or {create}; \
                         a minimal configuration is{EXAMPLE}"
                    ),
                }
            }
            Fault::File(error) => error.fmt(out),
            Fault::Config(error) => error.fmt(out),
            Fault::Input(error) => error.fmt(out),
            Fault::Session { path, error } => write!(out, "{path}: {error}"),
            Fault::Request(reason) => write!(out, "HTTP request refused: {reason}"),
            Fault::Turn(error) => error.fmt(out),
            Fault::Stopped => out.write_str("stopped before an answer had arrived"),
            Fault::Deleted => StoreError::Deleted.fmt(out),
            Fault::StoreUnavailable(text) | Fault::Other(text) => out.write_str(text),
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
