//! The complete answer of a stream, for clients that asked for one.

use crate::answer::Answer;
use crate::error_body::{ErrorBody, ErrorKind};
use crate::event::{Event, Events};
use crate::stream::{Reader, is_done};
use crate::{Dialect, Error};
use alloc::vec::Vec;
use clawft_core::sse;
use clawft_types::json::{self, Node};

/// Collects the events of a stream to a complete answer. Members without a meaning that all dialects share, such as
/// log probabilities and a second choice, are left out.
///
/// ```
/// use clawft_api::{Collector, Dialect};
///
/// let mut collector = Collector::new(Dialect::Chat);
/// collector.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n");
/// collector.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n");
/// let answer = collector.finish().expect("a complete stream");
/// assert_eq!(answer.parts.len(), 1);
/// ```
#[derive(Debug)]
pub struct Collector {
    decoder: sse::Decoder,
    reader: Reader,
    answer: Answer,
    outcome: Option<Result<(), ErrorBody>>,
}

impl Collector {
    /// Returns a collector that has read nothing yet.
    pub fn new(dialect: Dialect) -> Collector {
        Collector {
            decoder: sse::Decoder::default(),
            reader: Reader::new(dialect),
            answer: Answer::new(dialect),
            outcome: None,
        }
    }

    /// Reads the next bytes of the stream. Returns whether it is over.
    pub fn feed(&mut self, mut bytes: &[u8]) -> bool {
        while self.outcome.is_none() {
            match self.decoder.next(&mut bytes) {
                Ok(Some(data)) => self.read(data),
                Ok(None) => return false,
                Err(_) => self.fail("the provider's stream has an event that is too long"),
            }
        }
        true
    }

    /// Returns the complete answer.
    ///
    /// # Errors
    /// The error in the stream, or that it broke off.
    pub fn finish(mut self) -> Result<Answer, ErrorBody> {
        if self.outcome.is_none()
            && let Ok(Some(data)) = self.decoder.finish()
        {
            self.read(data);
        }
        self.end();
        match self.outcome {
            Some(Ok(())) => Ok(self.answer),
            Some(Err(error)) => Err(error),
            None => Err(ErrorBody::new(
                ErrorKind::Server,
                "the provider's stream broke off",
            )),
        }
    }

    fn read(&mut self, data: Vec<u8>) {
        if is_done(&data) {
            return self.end();
        }
        let document: Result<_, Error> = json::parse_owned(data);
        let Ok(document) = document else {
            return self.fail("the provider's stream has an event that is not JSON");
        };
        let mut events = Events::new();
        self.reader.read(Node::root(&document), &mut events);
        self.add(events);
    }

    fn end(&mut self) {
        let mut events = Events::new();
        self.reader.end(&mut events);
        self.add(events);
    }

    fn add(&mut self, events: Events) {
        for event in events {
            if self.outcome.is_some() {
                return;
            }
            self.answer.add(&event);
            match event {
                Event::Finish(_) => self.outcome = Some(Ok(())),
                Event::Error(error) => self.outcome = Some(Err(error)),
                _ => {}
            }
        }
    }

    fn fail(&mut self, message: &str) {
        self.outcome = Some(Err(ErrorBody::new(ErrorKind::Server, message)));
    }
}
