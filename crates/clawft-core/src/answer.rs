//! Reading of answers: a complete body, or the events of a stream. A module for each protocol.

mod anthropic;
mod openai;

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use clawft_types::completion::error_message;
use clawft_types::json::{self, JsonError, JsonFault, Node};
use clawft_types::memory::NoMemory;
use clawft_types::{Kind, Usage};

/// A provider's answer, or the part of it that a stream has delivered so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The model's text, or its explanation of a refusal. May be empty.
    pub(crate) text: String,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Usage>,
}

/// The reason why a successful response holds no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The body is an error, with the provider's message.
    Error(String),
    /// The body violates the protocol.
    Bad(String),
    /// There is no memory for the answer.
    NoMemory(NoMemory),
    /// Reading the answer takes longer than the time that is left.
    Late,
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Fault {
        match error.fault() {
            JsonFault::NoMemory(error) => Fault::NoMemory(*error),
            JsonFault::Late => Fault::Late,
            _ => Fault::Bad(error.to_string()),
        }
    }
}

impl From<NoMemory> for Fault {
    fn from(error: NoMemory) -> Fault {
        Fault::NoMemory(error)
    }
}

/// Reads the complete body of a successful response, and stops if `late` returns true before the end.
pub(crate) fn answer(kind: Kind, body: Vec<u8>, late: &dyn Fn() -> bool) -> Result<Answer, Fault> {
    let document = json::parse_until(body, late)?;
    let node = Node::root(&document);
    let answer = || {
        check(node)?;
        match kind {
            Kind::OpenAi => openai::answer(node),
            Kind::Anthropic => Ok(anthropic::answer(node)?),
        }
    };
    document.finish(answer())
}

/// Adds the content of a stream's event to `answer`. Returns true at the event that ends the stream.
pub(crate) fn event(kind: Kind, data: Vec<u8>, answer: &mut Answer) -> Result<bool, Fault> {
    if data == b"[DONE]" {
        return Ok(true);
    }
    let document = json::parse_owned(data)?;
    let node = Node::root(&document);
    check(node)?;
    match kind {
        Kind::OpenAi => openai::event(node, answer)?,
        Kind::Anthropic => anthropic::event(node, answer)?,
    }
    Ok(kind == Kind::Anthropic && node.text_of("type") == Some("message_stop"))
}

/// Fails if the body holds an error. Some routers answer 200 and put the error of the server behind them into
/// the body; in a stream an error cannot come in any other way.
fn check(node: Node<'_>) -> Result<(), Fault> {
    match node.get("error") {
        Some(_) => Err(Fault::Error(error_message(node).unwrap_or_default().to_owned())),
        None => Ok(()),
    }
}
