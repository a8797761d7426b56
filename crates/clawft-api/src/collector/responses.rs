//! Events of OpenAI's responses.

use alloc::vec::Vec;

use clawft_types::json::Node;

use super::Next;
use crate::{
    answer::Answer,
    context::Context,
    dialect::Dialect,
    event::{Event, Events},
    raw::Raw,
    responses::StreamReader,
};

/// The response so far.
#[derive(Debug)]
pub(super) struct Response {
    reader: StreamReader,
    answer: Answer,
    /// The response in the last event.
    whole: Option<Raw>,
    is_complete: bool,
}

impl Response {
    /// Returns a response of which nothing is known yet.
    pub(super) fn new() -> Response {
        Response {
            reader: StreamReader::default(),
            answer: Answer::new(Dialect::Responses),
            whole: None,
            is_complete: false,
        }
    }

    /// Reads the data of an event. The last one has the whole response, unless the server leaves out its output.
    pub(super) fn read(&mut self, root: Node<'_>) -> Next {
        let mut events = Events::new();
        self.reader.read(root, &mut events);
        let next = self.add(events);
        if let (Next::Complete, Some(response)) = (&next, root.get("response")) {
            let mut output = response
                .get("output")
                .and_then(Node::as_items)
                .into_iter()
                .flatten();
            self.whole = output.next().map(|_| Raw::of(response));
        }
        next
    }

    fn add(&mut self, events: Events) -> Next {
        for event in events {
            self.answer.add(&event);
            match event {
                Event::Finish(_) => {
                    self.is_complete = true;
                    return Next::Complete;
                }
                Event::Error(error) => return Next::Error(error),
                _ => {}
            }
        }
        Next::More
    }

    /// Returns whether the response is complete, now that the stream is over.
    pub(super) fn is_complete(&mut self) -> bool {
        let mut events = Events::new();
        self.reader.end(&mut events);
        self.add(events);
        self.is_complete
    }

    /// Returns the body.
    pub(super) fn into_body(self, created: u64) -> Vec<u8> {
        match self.whole {
            Some(whole) => whole.into_text().into_bytes(),
            None => {
                let written = self.answer.write(Dialect::Responses, &Context::new(created));
                written.map(|written| written.body).unwrap_or_default()
            }
        }
    }
}
