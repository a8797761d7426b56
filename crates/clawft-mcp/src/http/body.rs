//! The body of a response: one message, or a stream of them.

use alloc::{string::String, vec::Vec};

use clawft_core::sse::{Decoder, Fault, MAX_EVENT};
use clawft_types::{
    join,
    json::{self, Node},
    memory,
    text::number,
};

use crate::{
    client::{Client, Next},
    message::{Incoming, Refusal},
};

/// The part of a body that has arrived.
#[derive(Debug)]
pub(crate) enum Body {
    /// Read once it is complete.
    Whole(Vec<u8>),
    /// Read while it arrives.
    Events(Decoder),
}

/// The result of reading.
pub(crate) enum Found {
    /// The answer, and what follows from it.
    Next(Next),
    /// No answer so far.
    Nothing,
}

impl Body {
    pub(crate) fn new(events: bool) -> Body {
        if events {
            Body::Events(Decoder::default())
        } else {
            Body::Whole(Vec::new())
        }
    }

    /// Takes the next bytes. The error is the cause, which may quote the server.
    pub(crate) fn take(&mut self, mut bytes: &[u8], client: &mut Client) -> Result<Found, String> {
        match self {
            Body::Whole(body) => memory::append(body, bytes).map_err(|error| error.message())?,
            Body::Events(decoder) => {
                while let Some(event) = decoder.next(&mut bytes).map_err(fault)? {
                    if let Found::Next(next) = message(event, client)? {
                        return Ok(Found::Next(next));
                    }
                }
            }
        }
        Ok(Found::Nothing)
    }

    /// Ends a response.
    pub(crate) fn end(self, client: &mut Client) -> Result<Found, String> {
        match self {
            Body::Whole(body) if !body.trim_ascii().is_empty() => message(body, client),
            _ => Ok(Found::Nothing),
        }
    }

    /// Returns the error that the body of an error response holds, if it is one of the protocol.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        let Body::Whole(body) = self else {
            return None;
        };
        let document = json::parse_owned(body).ok()?;
        let error = Node::root(&document).get("error")?;
        error.get("code").map(|_| Refusal::read(error))
    }
}

/// Reads one message.
fn message(text: Vec<u8>, client: &mut Client) -> Result<Found, String> {
    let document = json::parse_owned(text).map_err(|error| error.message())?;
    match Incoming::read(Node::root(&document), client.id) {
        Incoming::Answer(answer) => {
            return Ok(Found::Next(client.answered(answer.as_ref().map(|node| *node))));
        }
        Incoming::Notification(method) => client.notice(method),
        // This client offers nothing that a server could ask for, and an answer would be another request.
        Incoming::Request { .. } | Incoming::Other => {}
    }
    Ok(Found::Nothing)
}

fn fault(fault: Fault) -> String {
    match fault {
        Fault::TooLong => join!(
            "an event of its response is larger than ",
            &number(MAX_EVENT as u64),
            " bytes"
        ),
        Fault::NoMemory(error) => error.message(),
    }
}
