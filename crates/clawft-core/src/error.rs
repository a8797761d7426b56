//! The reasons why a turn fails, as the user reads them.

use alloc::{borrow::ToOwned as _, string::String};
use core::time::Duration;

use clawft_types::{display_message, join, text::number};

use crate::http::{TimeLimit, TransportError, seconds};

/// The reason why a turn ended without an answer. The user reads its `Display` form, which never holds a key.
///
/// The provider's messages are quoted with keys masked and long texts cut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnError {
    /// The variable of the key, or of a header, is not set or empty. Nothing was sent.
    MissingKey {
        /// The provider's name in the configuration.
        provider: String,
        /// The header of `headers_env` that needs the variable; empty for the key.
        header: String,
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
    Transport {
        /// The provider. Empty if it is not known.
        target: Target,
        /// The cause.
        error: TransportError,
    },
    /// The provider refused the key: status 401, or another one with a message about the key.
    InvalidKey {
        /// The provider.
        target: Target,
        /// The origin of the key.
        source: KeySource,
        /// The response's status.
        status: u16,
        /// The provider's message; may be empty.
        message: String,
    },
    /// The provider answered with an error.
    Provider {
        /// The provider.
        target: Target,
        /// The response's status. If the error was sent in place of an answer: the status that it names, else
        /// 200.
        status: u16,
        /// The provider's message; may be empty.
        message: String,
        /// The number of attempts.
        attempts: u32,
        /// The time to wait before the next request, if the provider sends it.
        retry_after: Option<Duration>,
        /// The next thing to check, as a sentence fragment.
        advice: String,
    },
    /// The response violates the protocol.
    BadResponse {
        /// The provider.
        target: Target,
        /// The violation.
        cause: String,
    },
    /// The response holds no text, and no reason for that.
    NoText {
        /// The provider.
        target: Target,
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

/// The provider that a request went to. Displays as ``provider `openai` at `api.openai.com/v1/chat/completions` ``.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Host and path of the request, without a query.
    pub url: String,
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

impl TurnError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            TurnError::MissingKey {
                provider,
                header,
                variable,
            } => {
                let [start, end, advice] = match header.as_str() {
                    "" => ["no API key", "", " or give `api_key` in the config"],
                    _ => ["no header `", "`", ""],
                };
                join!(
                    start,
                    header,
                    end,
                    " for provider `",
                    provider,
                    "`: the variable `",
                    variable,
                    "` is not set or empty, set it",
                    advice
                )
            }
            TurnError::UnusableKey { provider, source } => join!(
                "the API key of provider `",
                provider,
                "` holds a character that no HTTP header may: ",
                &source.message()
            ),
            TurnError::Transport { target, error } if target.provider.is_empty() => error.message(),
            TurnError::Transport { target, error } => {
                let advice = match error {
                    TransportError::Unavailable(_) | TransportError::Impossible(_) => {
                        ", check `api_base` and the server"
                    }
                    TransportError::TimedOut {
                        limit: TimeLimit::FirstByte,
                        ..
                    } => ", check `timeout_secs` and the server",
                    TransportError::TimedOut { .. } => ", check the server",
                    TransportError::TooLarge { .. } => "",
                };
                join!(&error.message(), "; ", &target.message(), advice)
            }
            TurnError::InvalidKey {
                target,
                source,
                status,
                message,
            } => join!(
                "Invalid API key: ",
                &target.message(),
                " answered ",
                &number((*status).into()),
                ", ",
                &source.message(),
                &after_colon(message)
            ),
            TurnError::Provider {
                target,
                status,
                message,
                attempts,
                retry_after,
                advice,
            } => {
                let mut text = target.message();
                text.push_str(&match status {
                    200..=299 => " sent an error".to_owned(),
                    status => join!(" answered ", &number((*status).into())),
                });
                if *attempts > 1 {
                    let attempts = number((*attempts).into());
                    text.push_str(&join!(" in the last of ", &attempts, " attempts"));
                }
                if let Some(time) = retry_after {
                    text.push_str(&join!(" and asks to wait ", &seconds(*time)));
                }
                join!(&text, ", ", advice, &after_colon(message))
            }
            TurnError::BadResponse { target, cause } => join!(
                &target.message(),
                " sent something else than a chat completion, check `api_base` and `kind`: ",
                cause
            ),
            TurnError::NoText { target } => {
                join!(&target.message(), " sent an answer without text, check `model`")
            }
            TurnError::NoMemory { what, bytes } => join!(
                what,
                " does not fit into memory, where ",
                &number(*bytes as u64),
                " more bytes cannot be had"
            ),
            TurnError::OutOfOrder => "the platform reported a response in the wrong order".to_owned(),
        }
    }
}

display_message!(TurnError);

impl Target {
    /// Returns the provider and the address.
    pub fn message(&self) -> String {
        join!("provider `", &self.provider, "` at `", &self.url, "`")
    }
}

display_message!(Target);

impl KeySource {
    /// Returns the clause.
    pub fn message(&self) -> String {
        match self {
            KeySource::Variable(name) => join!("the key was read from the variable `", name, "`"),
            KeySource::Config => "the key was read from `api_key` in the config".to_owned(),
            KeySource::None => "no key was sent: give `api_key_env` or `api_key` in the config".to_owned(),
        }
    }
}

display_message!(KeySource);

/// Returns a message as the end of a sentence; empty if there is none.
fn after_colon(message: &str) -> String {
    match message {
        "" => String::new(),
        message => join!(": ", message),
    }
}

impl core::error::Error for TurnError {}

/// Converts the failure of a transport that does not know the provider.
impl From<TransportError> for TurnError {
    fn from(error: TransportError) -> TurnError {
        TurnError::Transport {
            target: Target::default(),
            error,
        }
    }
}
