//! The reasons why a pulled turn has no answer.

use std::time::Duration;

use clawft_core::{TransportError, TurnError};

use crate::{error::Error, http::HttpError};

/// The kind of a [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The provider cannot be reached.
    Unavailable,
    /// There is no usable key, or the provider refused it.
    Key,
    /// A time limit is over.
    Timeout,
    /// The provider accepts no more requests for now, and may have named the time to wait.
    RateLimit(Option<Duration>),
    /// The provider answered with another error, or with something that is not an answer.
    Provider,
    /// The configuration cannot be read or is wrong.
    Configuration,
    /// The session cannot be read or removed, or there is no memory for it.
    Storage,
    /// The host used a function incorrectly.
    Invalid,
}

/// The reason why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for the host.
    pub kind: Kind,
    /// The message, for the user.
    pub message: String,
}

impl Failure {
    pub(super) fn new(kind: Kind, message: String) -> Self {
        Self { kind, message }
    }

    pub(super) fn invalid(message: String) -> Self {
        Self::new(Kind::Invalid, message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(kind(&error), error.message())
    }
}

fn kind(error: &Error) -> Kind {
    match error {
        Error::NoBase(_) | Error::NoConfig(_) | Error::Config(_) => Kind::Configuration,
        Error::Store(_) => Kind::Storage,
        Error::Input(_) => Kind::Invalid,
        Error::Http(HttpError::Interrupted(_)) => Kind::Unavailable,
        // All failures that a retry could help with are the turn's.
        Error::Http(_) => Kind::Configuration,
        Error::Turn(error) => turn_kind(error),
        Error::Incomplete { .. } => Kind::Unavailable,
    }
}

fn turn_kind(error: &TurnError) -> Kind {
    match error {
        TurnError::MissingKey { .. } | TurnError::UnusableKey { .. } | TurnError::InvalidKey { .. } => {
            Kind::Key
        }
        TurnError::Transport { error, .. } => match error {
            TransportError::Unavailable(_) | TransportError::Impossible(_) => Kind::Unavailable,
            TransportError::TimedOut { .. } => Kind::Timeout,
            _ => Kind::Provider,
        },
        TurnError::Provider {
            status: 429,
            retry_after,
            ..
        } => Kind::RateLimit(*retry_after),
        TurnError::NoMemory { .. } => Kind::Storage,
        TurnError::OutOfOrder => Kind::Invalid,
        _ => Kind::Provider,
    }
}
