//! A streamed answer on its way from the provider to the client.

use std::time::Duration;

use clawft_api::Dialect;
use clawft_core::{TransportError, TurnError};

use crate::{events::Events, host::Body, refusal::Refusal, translation::Translator};

/// The time without a byte of the provider after which the client gets a comment.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "the components wake up to send one")
)]
pub(crate) const COMMENTS: Duration = Duration::from_secs(15);

/// A comment, which clients skip and which keeps connections open while a model thinks.
const COMMENT: &[u8] = b": waiting for the model\n\n";

/// A streamed answer on its way from the provider to the client. To drop it closes the connection to the provider.
pub struct Relay<B> {
    body: B,
    /// The client's dialect.
    dialect: Dialect,
    events: Events,
    /// The translator to the client's dialect, if the provider speaks another one.
    translator: Option<Translator>,
    has_begun: bool,
    is_over: bool,
}

impl<B: Body> Relay<B> {
    pub(crate) fn new(body: B, dialect: Dialect, translator: Option<Translator>) -> Relay<B> {
        Relay {
            body,
            dialect,
            events: Events::default(),
            translator,
            has_begun: false,
            is_over: false,
        }
    }

    /// Waits for the next bytes for the client, at least one; `None` at the end. A provider that fails ends the
    /// stream with an event that says so.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        while !self.is_over {
            let bytes = match self.body.read().await {
                Ok(Some(bytes)) if bytes.is_empty() => self.comment().to_vec(),
                Ok(Some(bytes)) => self.pass(bytes),
                Ok(None) => self.end(),
                Err(error) => self.fail(error),
            };
            if !bytes.is_empty() {
                self.has_begun = true;
                return Some(bytes);
            }
        }
        None
    }

    /// Returns a comment; nothing in the middle of an event.
    pub(crate) fn comment(&self) -> &'static [u8] {
        if self.events.is_split() { b"" } else { COMMENT }
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let Some(translator) = &mut self.translator else {
            return self.events.feed(bytes);
        };
        let translated = translator.feed(&bytes);
        self.is_over = translator.is_over();
        translated
    }

    fn end(&mut self) -> Vec<u8> {
        self.is_over = true;
        match &mut self.translator {
            Some(translator) => translator.end(),
            None => self.events.end(),
        }
    }

    fn fail(&mut self, error: TransportError) -> Vec<u8> {
        self.is_over = true;
        let mut refusal = Refusal::of_turn(&TurnError::from(error));
        if self.has_begun {
            let message = format!("the answer is incomplete: {}", refusal.message);
            refusal = Refusal::new(502, "incomplete", message);
        }
        match &mut self.translator {
            Some(translator) => translator.abort(refusal.body()),
            None => [self.events.abandon(), &*refusal.event(self.dialect)].concat(),
        }
    }
}
