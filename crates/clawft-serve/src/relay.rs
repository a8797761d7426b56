//! A streamed answer on its way from the provider to the client.

use std::time::Duration;

use clawft_api::{Dialect, StreamEnd};
use clawft_core::{TransportError, TurnError};

use crate::{
    events::{self, Events},
    fault::Fault,
    host::Body,
    refusal::Refusal,
    translation::Translator,
};

/// The time without a byte of the provider after which the client gets a comment.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "the components wake up to send one")
)]
pub(crate) const COMMENTS: Duration = Duration::from_secs(15);

/// A comment, which clients skip and which keeps connections open while a model thinks.
const COMMENT: &[u8] = b": waiting for the model\n\n";

/// The maximum number of bytes to wait for until the first event is complete. Longer ones are no errors.
const LONGEST_FIRST: usize = 16 * 1024;

/// A streamed answer on its way from the provider to the client. To drop it closes the connection to the provider.
pub struct Relay<B> {
    body: B,
    /// The bytes that were read with the first event.
    first: Option<Vec<u8>>,
    /// Whether the provider has sent everything.
    has_ended: bool,
    /// The client's dialect.
    dialect: Dialect,
    events: Events,
    /// The end of a stream that is passed on as it comes; `None` if it is not looked for.
    end: Option<StreamEnd>,
    /// The translator to the client's dialect, if the provider speaks another one.
    translator: Option<Translator>,
    has_begun: bool,
    is_over: bool,
}

impl<B: Body> Relay<B> {
    pub(crate) fn new(body: B, dialect: Dialect, translator: Option<Translator>) -> Relay<B> {
        Relay {
            body,
            first: None,
            has_ended: false,
            dialect,
            events: Events::default(),
            end: translator.is_none().then(|| StreamEnd::new(dialect)),
            translator,
            has_begun: false,
            is_over: false,
        }
    }

    /// Waits for the first event, or until the provider has sent nothing for a while. Returns the error that came in
    /// place of an answer. A translator reports one by itself.
    ///
    /// # Errors
    /// If the provider fails, or ends the stream at once.
    pub(crate) async fn begin(&mut self) -> Result<Option<Fault>, TransportError> {
        if self.translator.is_some() {
            return Ok(None);
        }
        let mut first = Vec::new();
        let mut waits = true;
        while waits && first.len() <= LONGEST_FIRST && events::first_data(&first).is_none() {
            match self.body.read().await? {
                Some(bytes) => {
                    waits = !bytes.is_empty();
                    first.extend_from_slice(&bytes);
                }
                None => {
                    waits = false;
                    self.has_ended = true;
                    // An event may lack its empty line.
                    first.extend_from_slice(b"\n\n");
                }
            }
        }
        let data = events::first_data(&first);
        let is_done = data.is_some_and(|(data, _)| data == b"[DONE]");
        if is_done || data.is_none() && self.has_ended {
            return Err(TransportError::Unavailable("the stream broke off".to_owned()));
        }
        let fault = data.and_then(|(data, is_error)| Fault::of(data, is_error, self.dialect));
        self.first = Some(first);
        Ok(fault)
    }

    /// Waits for the next bytes for the client, at least one; `None` at the end. A provider that fails ends the
    /// stream with an event that says so.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        while !self.is_over {
            let bytes = match self.read().await {
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

    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        match self.first.take() {
            None if self.has_ended => Ok(None),
            None => self.body.read().await,
            first => Ok(first),
        }
    }

    /// Returns a comment; nothing in the middle of an event.
    pub(crate) fn comment(&self) -> &'static [u8] {
        if self.events.is_split() { b"" } else { COMMENT }
    }

    fn pass(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let Some(translator) = &mut self.translator else {
            let passed = self.events.feed(bytes);
            if self.events.is_split() {
                // The end may be in a part of an event.
                self.end = None;
            }
            self.look(&passed);
            return passed;
        };
        let translated = translator.feed(&bytes);
        self.is_over = translator.is_over();
        translated
    }

    /// Looks for the end of the stream in events.
    fn look(&mut self, events: &[u8]) {
        if let Some(end) = &mut self.end {
            end.look(events);
        }
    }

    /// Returns the last bytes: an error, if the answer is not complete.
    fn end(&mut self) -> Vec<u8> {
        self.is_over = true;
        if let Some(translator) = &mut self.translator {
            return translator.end();
        }
        let mut last = self.events.end();
        self.look(&last);
        if self.end.as_ref().is_none_or(StreamEnd::has_come) {
            return last;
        }
        // An event whose empty line is missing is passed on, and one that is cut is left out.
        match last.ends_with(b"\n") {
            true => last.push(b'\n'),
            false => last.clear(),
        }
        let refusal = Refusal::new(502, "incomplete", "the provider's stream broke off");
        last.extend(self.refuse(refusal));
        last
    }

    fn fail(&mut self, error: TransportError) -> Vec<u8> {
        self.is_over = true;
        self.refuse(Refusal::of_turn(&TurnError::from(error)))
    }

    /// Returns the event of an error that ends the stream.
    fn refuse(&mut self, mut refusal: Refusal) -> Vec<u8> {
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
