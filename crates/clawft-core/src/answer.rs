//! Reading of answers: a complete body, or the events of a stream. A module for each protocol.

mod anthropic;
pub(crate) mod calls;
mod openai;
mod think;

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::time::Duration;

use clawft_types::{
    Finish, Kind, Reasoning, Usage,
    completion::read_usage,
    failure,
    json::{self, JsonError, JsonFault, Node},
    memory::{self, NoMemory},
    search::find,
    text::Ascii as _,
};

use crate::sniff;
use calls::Calls;
use think::Splitter;

/// A provider's answer, or the part of it that a stream has delivered so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The model's text, or its explanation of a refusal. May be empty.
    pub(crate) text: String,
    pub(crate) reasoning: Vec<Reasoning>,
    /// Whether the reasoning goes back in a turn with calls.
    pub(crate) echoed: bool,
    pub(crate) calls: Calls,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Usage>,
    /// The number of the choice that is the answer, once one was read.
    choice: Option<u64>,
    /// Whether the text, or a part of it, is the explanation of a refusal.
    refused: bool,
    splitter: Splitter,
}

/// The reason why a successful response holds no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The body is an error.
    Failure(Failure),
    /// The body violates the protocol.
    Bad(String),
    /// There is no answer in the body.
    Nothing,
    /// There is no memory for the answer.
    NoMemory(NoMemory),
    /// Reading the answer takes longer than the time that is left.
    Late,
}

/// An error in place of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The provider's message. Not yet redacted.
    pub(crate) message: String,
    /// The status that the provider would have sent, if it names one.
    pub(crate) status: Option<u16>,
    /// The time to wait before the next request, if the provider names one.
    pub(crate) delay: Option<Duration>,
}

impl From<JsonError> for Fault {
    fn from(error: JsonError) -> Fault {
        match error.fault() {
            JsonFault::NoMemory(error) => Fault::NoMemory(*error),
            JsonFault::Late => Fault::Late,
            _ => Fault::Bad(error.message()),
        }
    }
}

impl From<NoMemory> for Fault {
    fn from(error: NoMemory) -> Fault {
        Fault::NoMemory(error)
    }
}

impl Answer {
    /// Returns whether there is no text, no reasoning, no call and no reason for that.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
            && self.reasoning.is_empty()
            && self.calls.is_empty()
            && self.finish_reason.is_none()
    }

    /// Returns the way the answer ended.
    pub(crate) fn finish(&self) -> Finish {
        match Finish::of(self.finish_reason.as_deref().unwrap_or_default()) {
            Finish::Complete if self.refused => Finish::Refused,
            finish => finish,
        }
    }

    /// Appends text of the model, which may begin with reasoning in a tag.
    fn add_text(&mut self, text: &str) -> Result<(), NoMemory> {
        let mut splitter = core::mem::take(&mut self.splitter);
        let split = splitter.split(text, self);
        self.splitter = splitter;
        split
    }

    fn add_reasoning(&mut self, text: &str) -> Result<(), NoMemory> {
        if text.is_empty() {
            return Ok(());
        }
        if self.reasoning.is_empty() {
            memory::push(&mut self.reasoning, Reasoning::default())?;
        }
        match self.reasoning.last_mut() {
            Some(block) => memory::append_text(&mut block.text, text),
            None => Ok(()),
        }
    }

    /// Adds the usage of a part of the answer. An object without a count states none.
    fn add_usage(&mut self, usage: Node<'_>) {
        let known = self.usage.unwrap_or_default();
        let read = read_usage(usage, known);
        if read != known {
            self.usage = Some(read);
        }
    }

    /// Adds the text that was held back because it could have been a part of a tag.
    pub(crate) fn end(&mut self) -> Result<(), NoMemory> {
        let splitter = core::mem::take(&mut self.splitter);
        splitter.end(self)
    }
}

/// Reads the complete body of a successful response, and stops if `late` returns true before the end.
pub(crate) fn answer(kind: Kind, body: Vec<u8>, late: &dyn Fn() -> bool) -> Result<Answer, Fault> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(Fault::Bad(Failure::of_body(body).message));
    }
    let document = json::parse_until(body, late)?;
    let mut answer = Answer::default();
    let read = read(kind, Node::root(&document), &mut answer, true);
    document.finish(read)?;
    answer.end()?;
    Ok(answer)
}

/// Adds the content of a stream's event to `answer`; `is_error` tells whether it is an error by its name.
/// Returns true at the event that ends the stream.
pub(crate) fn event(kind: Kind, data: Vec<u8>, is_error: bool, answer: &mut Answer) -> Result<bool, Fault> {
    if matches!(data.trim_ascii(), b"[DONE]" | b"\"[DONE]\"") {
        return Ok(true);
    }
    if is_error {
        return Err(Fault::Failure(Failure::of_body(data)));
    }
    let document = json::parse_owned(data)?;
    let node = Node::root(&document);
    read(kind, node, answer, false)?;
    Ok(kind == Kind::Anthropic && node.text_of("type") == Some("message_stop"))
}

fn read(kind: Kind, node: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    match kind {
        Kind::OpenAi => openai::read(node, answer, whole),
        Kind::Anthropic => anthropic::read(node, answer, whole),
    }
}

impl Failure {
    /// Reads an error body of any shape, also as the first event of a stream. Text and unknown JSON are quoted, of a
    /// page only its title or heading.
    pub(crate) fn of_body(mut body: Vec<u8>) -> Failure {
        /// The number of bytes that are quoted at most.
        const MAX: usize = 4096;
        let start = body.get(..body.len().min(MAX)).unwrap_or_default().to_vec();
        let start = String::from_utf8_lossy(&start);
        let mut text = &*start;
        if sniff::is_stream(&body, false) == Some(true) {
            text = between(text, &["data:", "error:"], b'\n');
            body = text.into();
        }
        let mut failure = match json::parse_owned(body) {
            Ok(document) => Failure::of(Node::root(&document)),
            Err(_) => Failure::default(),
        };
        if failure.message.is_empty() {
            if text.trim_ascii_start().starts_with("<") {
                let element = between(text, &["<title", "<h1", "<message"], b'<');
                text = element.cut(b'>').map_or("a web page", |(_, text)| text);
            }
            failure.message = text.to_owned();
        }
        failure
    }

    /// Reads the JSON of an error. The message is empty if there is none.
    fn of(node: Node<'_>) -> Failure {
        Failure {
            message: failure::message(node),
            status: failure::status(node),
            delay: failure::delay(node),
        }
    }
}

/// Returns what follows the first of the texts `starts` that there is, up to `end`. The texts are in lower case,
/// which does not matter.
fn between<'a>(text: &'a str, starts: &[&str], end: u8) -> &'a str {
    let lower = text.to_ascii_lowercase();
    let after = |start: &&str| text.get(find(&lower, start)? + start.len()..);
    let rest = starts.iter().find_map(after).unwrap_or_default();
    rest.pieces(end).next().unwrap_or_default()
}

/// Fails if `node` is an error: if it has an `error` that states something, or a message but `no_answer`. Some
/// servers send an empty error beside a good answer. Some routers answer 200 and put the error of the server
/// behind them into the body; in a stream an error cannot come in any other way.
fn check(node: Node<'_>, no_answer: bool) -> Result<(), Fault> {
    let has_error = node.get("error").is_some();
    if !no_answer && !has_error {
        return Ok(());
    }
    let failure = Failure::of(node);
    if failure.message.is_empty() && !(has_error && failure.status.is_some()) {
        return Ok(());
    }
    Err(Fault::Failure(failure))
}
