//! The reasons why there is no answer.

use clawft_core::TurnError;
use clawft_store::StoreError;
use clawft_types::{ConfigError, InputError, display_message, join};

use crate::{fs::FsError, http::HttpError};

/// The prefix of the cause if an answer broke off.
pub const INCOMPLETE: &str = "the answer is incomplete: ";

/// The reason why there is no answer. The user reads its `Display` form, which never holds a key.
#[derive(Debug)]
pub enum Error {
    /// The base directory does not exist: most likely the host did not grant it.
    NoBase(FsError),
    /// The configuration cannot be read.
    NoConfig(FsError),
    /// A file cannot be used, or was written by a newer version.
    Store(StoreError),
    /// The configuration is not JSON or has the wrong shape.
    Config(ConfigError),
    /// The message is empty or invalid.
    Input(InputError),
    /// The request could not be sent or its response not received, and a retry cannot help.
    Http(HttpError),
    /// The turn failed. In a box, because it is much larger than the others.
    Turn(Box<TurnError>),
    /// The answer broke off, and the caller needs a complete one.
    Incomplete {
        /// The reason why it broke off.
        cause: String,
        /// The text that arrived.
        text: String,
    },
}

impl Error {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            Error::NoBase(error) => join!(
                &error.message(),
                ", nor is there the directory: grant it (`wasmtime run --dir HOST::/config`), ",
                "or name another one in `CLAWFT_CONFIG_DIR`"
            ),
            Error::NoConfig(error) => error.message(),
            Error::Store(error) => error.message(),
            Error::Config(error) => error.message(),
            Error::Input(error) => error.message(),
            Error::Http(error) => error.message(),
            Error::Turn(error) => match &**error {
                // The shell that starts the host may well have the variable.
                TurnError::MissingKey { variable, .. } => join!(
                    &error.message(),
                    "; the host passes it on with `wasmtime run --env ",
                    variable,
                    "`"
                ),
                _ => error.message(),
            },
            Error::Incomplete { cause, text } => join!(INCOMPLETE, cause, "\n", text),
        }
    }
}

display_message!(Error);

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
        Error::Turn(Box::new(error))
    }
}
