//! Mapping of faults to the error that a turn ends with.

use alloc::{borrow::ToOwned as _, string::String};
use core::time::Duration;

use super::{Body, Turn};
use crate::{
    answer::{Failure, Fault},
    error::{Target, TurnError},
    http::{TimeLimit, TransportError},
    refusal::Request,
};

impl Turn<'_> {
    /// Returns the error for a response with an error status.
    pub(super) fn status_error(&self, status: u16, retry_after: Option<Duration>, body: Body) -> TurnError {
        let failure = match body {
            Body::Start(body, _) | Body::Whole(body) => Failure::of_body(body),
            Body::Stream(_) | Body::Unreadable => Failure::default(),
        };
        self.refusal().failure(status, retry_after, failure)
    }

    /// Returns the error for a body that cannot be the answer. `status` is that of the response.
    pub(super) fn body_error(&self, status: u16, retry_after: Option<Duration>, fault: Fault) -> TurnError {
        match fault {
            Fault::Failure(failure) => {
                let status = failure.status.unwrap_or(status);
                self.refusal().failure(status, retry_after, failure)
            }
            Fault::Bad(cause) => TurnError::BadResponse {
                target: self.target(),
                cause: self.redact(&cause),
            },
            Fault::Nothing => self.no_text(),
            Fault::NoMemory(error) => super::no_memory(error),
            Fault::Late => self.transport_error(TransportError::TimedOut {
                after: self.config.provider.total_timeout,
                limit: TimeLimit::Total,
            }),
        }
    }

    /// Returns the error for a response without an answer.
    pub(super) fn no_text(&self) -> TurnError {
        TurnError::NoText {
            target: self.target(),
        }
    }

    /// Returns the error for a failed transport. A later attempt had only the rest of the time, but the user
    /// has waited for all of it.
    pub(super) fn transport_error(&self, error: TransportError) -> TurnError {
        TurnError::Transport {
            target: self.target(),
            error: match error {
                TransportError::TimedOut { limit, .. } if self.attempts > 1 => {
                    let provider = &self.config.provider;
                    let after = match limit {
                        TimeLimit::FirstByte => provider.timeout,
                        TimeLimit::Idle => provider.idle_timeout,
                        TimeLimit::Total => provider.total_timeout,
                    };
                    TransportError::TimedOut { after, limit }
                }
                // The limit of a stream's bytes follows from the one of its text.
                TransportError::TooLarge { .. } => TransportError::TooLarge {
                    limit: self.config.provider.max_response,
                },
                error => error,
            },
        }
    }

    pub(super) fn redact(&self, text: &str) -> String {
        self.refusal().redact(text)
    }

    fn refusal(&self) -> Request<'_> {
        Request {
            provider: &self.config.provider.name,
            base: &self.config.provider.api_base,
            url: &self.url,
            key: &self.key,
            attempts: self.attempts,
        }
    }

    fn target(&self) -> Target {
        self.refusal().target()
    }
}

/// Returns the error for a stream that stops without its final event.
pub(super) fn ended_early() -> TransportError {
    TransportError::Unavailable("the answer ended early".to_owned())
}
