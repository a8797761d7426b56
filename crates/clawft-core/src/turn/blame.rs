//! Which error a turn ends with.

use super::{Body, Turn};
use crate::error::TurnError;
use crate::http::TransportError;
use crate::provider::Fault;
use crate::{quote, retry};
use alloc::borrow::ToOwned as _;
use alloc::string::String;

impl Turn<'_> {
    /// The error that a response with an error status stands for.
    pub(super) fn refused(&self, status: u16, retry_after: Option<u64>, body: Body) -> TurnError {
        let message = match body {
            Body::Whole(body) => quote::error_body(body, self.key.secret.as_ref()),
            Body::Stream(_) | Body::Unreadable => String::new(),
        };
        match status {
            401 | 403 => {
                let source = self.key.source.clone();
                TurnError::InvalidKey { provider: self.provider(), source, status, message }
            }
            status => {
                let retry_after = retry_after.filter(|_| retry::worthwhile(status));
                self.said(status, message, retry_after)
            }
        }
    }

    /// The error that the content of a response stands for.
    pub(super) fn blame(&self, status: u16, fault: Fault) -> TurnError {
        match fault {
            Fault::Error(message) => self.said(status, self.quote(&message), None),
            Fault::Bad(cause) => {
                TurnError::BadResponse { provider: self.provider(), cause: self.quote(&cause) }
            }
            Fault::NoMemory(error) => super::no_memory(error),
            Fault::Late => TransportError::TimedOut { after: self.config.provider.timeout }.into(),
        }
    }

    fn said(&self, status: u16, message: String, retry_after: Option<u64>) -> TurnError {
        let provider = self.provider();
        TurnError::Provider { provider, status, message, attempts: self.attempts, retry_after }
    }

    /// A later attempt had only what the ones before it left of the time, but the user has waited for all of it.
    pub(super) fn broken(&self, error: TransportError) -> TurnError {
        TurnError::Transport(match error {
            TransportError::TimedOut { .. } if self.attempts > 1 => {
                TransportError::TimedOut { after: self.config.provider.timeout }
            }
            error => error,
        })
    }

    pub(super) fn quote(&self, text: &str) -> String {
        quote::quote(text, self.key.secret.as_ref())
    }

    pub(super) fn provider(&self) -> String {
        self.config.provider.name.clone()
    }
}

/// Of a stream that just stops.
pub(super) fn ended_early() -> TransportError {
    TransportError::Unavailable("the answer ended early".to_owned())
}
