//! Mapping of faults to the error that a turn ends with.

use super::{Body, Turn};
use crate::answer::Fault;
use crate::error::TurnError;
use crate::http::TransportError;
use crate::{redact, retry};
use alloc::borrow::ToOwned as _;
use alloc::string::String;

impl Turn<'_> {
    /// Returns the error for a response with an error status.
    pub(super) fn status_error(&self, status: u16, retry_after: Option<u64>, body: Body) -> TurnError {
        let message = match body {
            Body::Whole(body) => redact::error_message_of(body, self.key.secret.as_ref()),
            Body::Stream(_) | Body::Unreadable => String::new(),
        };
        match status {
            401 | 403 => {
                let source = self.key.source.clone();
                TurnError::InvalidKey {
                    provider: self.provider(),
                    source,
                    status,
                    message,
                }
            }
            status => {
                let retry_after = retry_after.filter(|_| retry::worthwhile(status));
                self.provider_error(status, message, retry_after)
            }
        }
    }

    /// Returns the error for a response whose body holds no answer.
    pub(super) fn body_error(&self, status: u16, fault: Fault) -> TurnError {
        match fault {
            Fault::Error(message) => self.provider_error(status, self.redact(&message), None),
            Fault::Bad(cause) => TurnError::BadResponse {
                provider: self.provider(),
                cause: self.redact(&cause),
            },
            Fault::NoMemory(error) => super::no_memory(error),
            Fault::Late => TransportError::TimedOut {
                after: self.config.provider.timeout,
            }
            .into(),
        }
    }

    fn provider_error(&self, status: u16, message: String, retry_after: Option<u64>) -> TurnError {
        let provider = self.provider();
        TurnError::Provider {
            provider,
            status,
            message,
            attempts: self.attempts,
            retry_after,
        }
    }

    /// Returns the error for a failed transport. A later attempt had only the rest of the time, but the user
    /// has waited for all of it.
    pub(super) fn transport_error(&self, error: TransportError) -> TurnError {
        TurnError::Transport(match error {
            TransportError::TimedOut { .. } if self.attempts > 1 => TransportError::TimedOut {
                after: self.config.provider.timeout,
            },
            error => error,
        })
    }

    pub(super) fn redact(&self, text: &str) -> String {
        redact::one_line(text, self.key.secret.as_ref())
    }

    pub(super) fn provider(&self) -> String {
        self.config.provider.name.clone()
    }
}

/// Returns the error for a stream that stops without its final event.
pub(super) fn ended_early() -> TransportError {
    TransportError::Unavailable("the answer ended early".to_owned())
}
