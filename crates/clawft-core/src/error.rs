//! The reasons why a turn fails, as the user reads them.

use crate::http::TransportError;
use alloc::string::String;
use core::fmt;

/// The reason why a turn ended without an answer. The user reads its `Display` form, which never holds a key.
///
/// The provider's messages are quoted with keys masked and long texts cut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnError {
    /// The key's variable is not set or empty. Nothing was sent.
    MissingKey {
        /// The provider's name in the configuration.
        provider: String,
        /// The environment variable that was read.
        variable: String,
    },
    /// The key holds a character that no header may carry, such as a line break. Nothing was sent.
    UnusableKey {
        /// The provider's name in the configuration.
        provider: String,
        /// The origin of the key.
        source: KeySource,
    },
    /// No complete response arrived.
    Transport(TransportError),
    /// The provider refused the key: status 401 or 403.
    InvalidKey {
        /// The provider's name in the configuration.
        provider: String,
        /// The origin of the key.
        source: KeySource,
        /// The response's status.
        status: u16,
        /// The provider's message; may be empty.
        message: String,
    },
    /// The provider answered with an error.
    Provider {
        /// The provider's name in the configuration.
        provider: String,
        /// The response's status; 200 if the error was sent in place of an answer.
        status: u16,
        /// The provider's message; may be empty.
        message: String,
        /// The number of attempts.
        attempts: u32,
        /// The seconds to wait before the next request, if the provider sends them.
        retry_after: Option<u64>,
    },
    /// The response violates the protocol.
    BadResponse {
        /// The provider's name in the configuration.
        provider: String,
        /// The violation.
        cause: String,
    },
    /// The response holds no text.
    NoText {
        /// The provider's name in the configuration.
        provider: String,
        /// The finish reason, if the provider sends one.
        finish_reason: Option<String>,
    },
    /// There is no memory for the request or for the response.
    NoMemory {
        /// The value that does not fit: `the answer`.
        what: &'static str,
        /// The number of bytes that were requested.
        bytes: usize,
    },
    /// The platform fed an event out of order: a second head, or any event after the end.
    OutOfOrder,
}

/// The origin of an API key. Displays as a clause: ``the key was read from the variable `OPENAI_API_KEY` ``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The environment variable of this name, from `api_key_env`.
    Variable(String),
    /// `api_key` in the configuration.
    Config,
    /// Neither is given, and the request carries no key.
    None,
}

impl fmt::Display for TurnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TurnError::MissingKey { provider, variable } => write!(
                f,
                "no API key for provider `{provider}`: the variable `{variable}` is not set or empty, \
                 set it or give `api_key` in the config"
            ),
            TurnError::UnusableKey { provider, source } => {
                write!(
                    f,
                    "the API key of provider `{provider}` holds a character that no HTTP header may: {source}"
                )
            }
            TurnError::Transport(error) => error.fmt(f),
            TurnError::InvalidKey {
                provider,
                source,
                status,
                message,
            } => {
                write!(
                    f,
                    "Invalid API key: provider `{provider}` answered {status}, {source}"
                )?;
                write_message(f, message)
            }
            TurnError::Provider {
                provider,
                status,
                message,
                attempts,
                retry_after,
            } => {
                match status {
                    200..=299 => write!(f, "provider `{provider}` sent an error")?,
                    status => write!(f, "provider `{provider}` answered {status}")?,
                }
                if *attempts > 1 {
                    write!(f, " in the last of {attempts} attempts")?;
                }
                if let Some(seconds) = retry_after {
                    write!(f, " and asks to wait {seconds} s")?;
                }
                write_message(f, message)
            }
            TurnError::BadResponse { provider, cause } => {
                write!(
                    f,
                    "provider `{provider}` sent something else than a chat completion, check `api_base` and `kind`: {cause}"
                )
            }
            TurnError::NoText {
                provider,
                finish_reason,
            } => {
                write!(f, "provider `{provider}` sent an answer without text")?;
                match finish_reason {
                    Some(reason) => write!(f, " (finish reason `{reason}`)"),
                    None => Ok(()),
                }
            }
            TurnError::NoMemory { what, bytes } => {
                write!(
                    f,
                    "{what} does not fit into memory, where {bytes} more bytes cannot be had"
                )
            }
            TurnError::OutOfOrder => f.write_str("the platform reported a response in the wrong order"),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeySource::Variable(name) => write!(f, "the key was read from the variable `{name}`"),
            KeySource::Config => f.write_str("the key was read from `api_key` in the config"),
            KeySource::None => f.write_str("no key was sent: give `api_key_env` or `api_key` in the config"),
        }
    }
}

fn write_message(f: &mut fmt::Formatter<'_>, message: &str) -> fmt::Result {
    match message {
        "" => Ok(()),
        message => {
            f.write_str(": ")?;
            f.write_str(message)
        }
    }
}

impl core::error::Error for TurnError {}

impl From<TransportError> for TurnError {
    fn from(error: TransportError) -> TurnError {
        TurnError::Transport(error)
    }
}
