//! The complete answer of a stream, for clients that asked for one.

mod chat;
mod messages;
mod responses;

use alloc::vec::Vec;

use clawft_core::sse;
use clawft_types::json::{self, Node};

use crate::{
    dialect::Dialect,
    error_body::{ErrorBody, ErrorKind},
    stream::{LONGEST_EVENT, is_done},
};

/// Collects the events of a stream to a complete answer of the same dialect. Every member of an event is in the answer:
/// also those of a second choice, log probabilities, citations, and what is not known.
///
/// ```
/// use clawft_api::{Collector, Dialect};
///
/// let mut collector = Collector::new(Dialect::Chat);
/// collector.feed(b"data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n");
/// collector.feed(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n");
/// let answer = collector.finish(1_700_000_000).expect("a complete stream");
/// assert!(String::from_utf8_lossy(&answer).contains(r#""content":"Hello""#));
/// ```
#[derive(Debug)]
pub struct Collector {
    decoder: sse::Decoder,
    collected: Collected,
    outcome: Option<Result<(), ErrorBody>>,
}

/// The answer so far, by dialect.
#[derive(Debug)]
enum Collected {
    Chat(chat::Completion),
    Messages(messages::Message),
    Responses(responses::Response),
}

/// The consequence of an event.
enum Next {
    More,
    /// The answer is complete.
    Complete,
    /// The stream reports an error.
    Error(ErrorBody),
}

impl Collector {
    /// Returns a collector that has read nothing yet.
    pub fn new(dialect: Dialect) -> Collector {
        Collector {
            decoder: sse::Decoder::with_limit(LONGEST_EVENT),
            collected: match dialect {
                Dialect::Chat => Collected::Chat(chat::Completion::default()),
                Dialect::Messages => Collected::Messages(messages::Message::default()),
                Dialect::Responses => Collected::Responses(responses::Response::new()),
            },
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

    /// Returns the body of the complete answer. `created` is its time, in seconds since 1970, if the stream does not
    /// tell it.
    ///
    /// # Errors
    /// The error in the stream, or that it broke off.
    pub fn finish(mut self, created: u64) -> Result<Vec<u8>, ErrorBody> {
        if self.outcome.is_none()
            && let Ok(Some(data)) = self.decoder.finish()
        {
            self.read(data);
        }
        self.end();
        match self.outcome {
            Some(Ok(())) => Ok(match self.collected {
                Collected::Chat(completion) => completion.into_body(created),
                Collected::Messages(message) => message.into_body(),
                Collected::Responses(response) => response.into_body(created),
            }),
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
        let Ok(document) = json::parse_owned(data) else {
            return self.fail("the provider's stream has an event that is not JSON");
        };
        let root = Node::root(&document);
        let next = match &mut self.collected {
            Collected::Chat(completion) => completion.read(root),
            Collected::Messages(message) => message.read(root),
            Collected::Responses(response) => response.read(root),
        };
        match next {
            Next::More => {}
            Next::Complete => self.outcome = Some(Ok(())),
            Next::Error(error) => self.outcome = Some(Err(error)),
        }
    }

    /// Ends the answer, if its finish reason is known.
    fn end(&mut self) {
        let is_complete = match &mut self.collected {
            Collected::Chat(completion) => completion.is_complete(),
            Collected::Messages(message) => message.is_complete(),
            Collected::Responses(response) => response.is_complete(),
        };
        if self.outcome.is_none() && is_complete {
            self.outcome = Some(Ok(()));
        }
    }

    fn fail(&mut self, message: &str) {
        self.outcome = Some(Err(ErrorBody::new(ErrorKind::Server, message)));
    }
}
