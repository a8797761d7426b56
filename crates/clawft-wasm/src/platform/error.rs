//! Why there is no answer.

use crate::fs::FsError;
use crate::http::HttpError;
use clawft_core::TurnError;
use clawft_store::StoreError;
use clawft_types::{ConfigError, InputError};
use std::fmt;

/// What the cause follows where an answer broke off.
pub const INCOMPLETE: &str = "the answer is incomplete: ";

/// Why there is no answer. `Display` is what the user sees; a key never is in it.
#[derive(Debug)]
pub enum Error {
    /// The base directory, and with it the config, is not there: most likely the host did not grant it.
    NoBase(FsError),
    /// A file cannot be used, or was written by a later version.
    Store(StoreError),
    /// The config is not JSON or not a config.
    Config(ConfigError),
    /// The message is empty or not a message.
    Input(InputError),
    /// The request could not be sent, or its response not be taken, and trying again would not help.
    Http(HttpError),
    /// The provider did not answer.
    Turn(TurnError),
    /// The answer broke off, where only a whole one will do.
    Incomplete {
        /// Why it broke off.
        cause: String,
        /// What had arrived.
        text: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoBase(error) => {
                error.fmt(out)?;
                out.write_str(
                    ", nor is there the directory: grant it (`wasmtime run --dir HOST::/config`), ",
                )?;
                out.write_str("or name another one in `CLAWFT_CONFIG_DIR`")
            }
            Error::Store(error) => error.fmt(out),
            Error::Config(error) => error.fmt(out),
            Error::Input(error) => error.fmt(out),
            Error::Http(error) => error.fmt(out),
            Error::Turn(error) => error.fmt(out),
            Error::Incomplete { cause, text } => {
                out.write_str(INCOMPLETE)?;
                out.write_str(cause)?;
                out.write_str("\n")?;
                out.write_str(text)
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<FsError> for Error {
    fn from(error: FsError) -> Self {
        Error::Store(StoreError::File(error))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Store(error)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Error::Config(error)
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Error::Input(error)
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        Error::Http(error)
    }
}

impl From<TurnError> for Error {
    fn from(error: TurnError) -> Self {
        Error::Turn(error)
    }
}
