//! The beginning and the end of a stream that is passed on as it comes: whether it is an answer, and a complete one.

use alloc::vec::Vec;

use clawft_core::sse;
use clawft_types::json::{self, Node};

use crate::{
    chat,
    dialect::Dialect,
    error_body::{ErrorBody, ErrorKind},
    finder::Finder,
    stream::is_done,
};

/// The maximum size of the first event in bytes. A longer one is no error.
const LONGEST_START: usize = 64 * 1024;

/// The name of an error in each dialect.
const ERROR: &[u8] = b"\"error\"";

/// The first event of a stream, as far as it has arrived.
///
/// ```
/// use clawft_api::{Dialect, StreamStart};
///
/// let mut start = StreamStart::new(Dialect::Chat);
/// assert_eq!(start.feed(b": waiting\n\n"), None);
/// let error = start.feed(b"data: {\"error\":{\"message\":\"too busy\"}}\n\n").unwrap().unwrap_err();
/// assert_eq!(error.message, "too busy");
/// ```
#[derive(Debug)]
pub struct StreamStart {
    dialect: Dialect,
    decoder: sse::Decoder,
}

impl StreamStart {
    /// Returns the beginning of a stream of `dialect` that has no bytes yet.
    pub fn new(dialect: Dialect) -> StreamStart {
        StreamStart {
            dialect,
            decoder: sse::Decoder::with_limit(LONGEST_START),
        }
    }

    /// Reads the next bytes. Returns whether the first event is part of an answer or an error; `None` if it is not
    /// complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Option<Result<(), ErrorBody>> {
        match self.decoder.next(&mut bytes) {
            Ok(None) => None,
            Ok(Some(data)) => Some(self.judge(data)),
            Err(_) => Some(Ok(())),
        }
    }

    /// Returns the same at the end of a stream, which has no other event.
    ///
    /// # Errors
    /// The error in the stream, or that it broke off.
    pub fn finish(mut self) -> Result<(), ErrorBody> {
        match self.decoder.finish() {
            Ok(Some(data)) => self.judge(data),
            _ => Err(broke_off()),
        }
    }

    fn judge(&self, data: Vec<u8>) -> Result<(), ErrorBody> {
        if is_done(&data) {
            return Err(broke_off());
        }
        let is_named = self.decoder.is_error();
        // A chunk without choices may be an error without an object around it.
        let is_usual = match self.dialect {
            Dialect::Chat => memchr::memmem::find(&data, b"\"choices\"").is_some(),
            _ => true,
        };
        if is_usual && !is_named && memchr::memmem::find(&data, ERROR).is_none() {
            return Ok(());
        }
        let Ok(document) = json::parse_owned(data) else {
            return Ok(());
        };
        let root = Node::root(&document);
        let error = match (self.dialect, root.text_of("type")) {
            (Dialect::Chat, _) => chat::error(root),
            (Dialect::Responses, Some("response.failed")) => {
                root.get("response").and_then(ErrorBody::of_node)
            }
            (_, Some("error")) => Some(ErrorBody::of_event(root)),
            _ => None,
        };
        match error.or_else(|| is_named.then(|| ErrorBody::of_event(root))) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Returns the error that a body has in place of an answer; an [`Envelope`](crate::Envelope) tells whether it may. Some
/// servers and routers report errors with a status of success.
pub fn error_in_answer(body: &[u8]) -> Option<ErrorBody> {
    let document = json::parse(body).ok()?;
    let root = Node::root(&document);
    let answers = ["choices", "content", "output"];
    if answers.iter().any(|key| root.get(key).is_some()) {
        return None;
    }
    // FastAPI's errors are a detail.
    let is_error = ["error", "detail"].iter().any(|key| root.get(key).is_some());
    chat::error(root).filter(|_| is_error || root.text_of("object") == Some("error"))
}

/// Returns the error inside a choice of a chat completion, where routers report that the server behind them broke off.
/// An empty list of choices is an error too.
pub fn error_in_choices(body: &[u8]) -> Option<ErrorBody> {
    let document = json::parse(body).ok()?;
    let mut choices = Node::root(&document).get("choices")?.as_items()?.peekable();
    match choices.peek() {
        Some(_) => choices.find_map(chat::error_of_choice),
        None => Some(ErrorBody::new(
            ErrorKind::Server,
            "the provider sent an answer without `choices`",
        )),
    }
}

/// The end of a stream: whether it has come. Events are searched for the member that tells it, and not read.
///
/// ```
/// use clawft_api::{Dialect, StreamEnd};
///
/// let mut end = StreamEnd::new(Dialect::Chat);
/// end.look(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n");
/// end.look(b"data: {\"choices\":[{\"delta\":{\"content\":\"error\"},\"finish_reason\":null}]}\n\n");
/// assert!(!end.has_come());
/// end.look(b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
/// assert!(end.has_come());
/// ```
#[derive(Debug)]
pub struct StreamEnd {
    dialect: Dialect,
    finish: Finder,
    /// The last event of Anthropic's streams, which some servers send without a reason, and others leave out.
    stop: Option<Finder>,
    error: Finder,
    has_come: bool,
}

impl StreamEnd {
    /// Returns the end of a stream of `dialect` that has not begun.
    pub fn new(dialect: Dialect) -> StreamEnd {
        let finish: &[u8] = match dialect {
            Dialect::Chat => b"\"finish_reason\"",
            Dialect::Messages => b"\"stop_reason\"",
            Dialect::Responses => b"\"response.",
        };
        StreamEnd {
            dialect,
            finish: Finder::new(finish),
            stop: (dialect == Dialect::Messages).then(|| Finder::new(b"\"message_stop\"")),
            error: Finder::new(ERROR),
            has_come: false,
        }
    }

    /// Looks at the next events, which are complete. Within a text a quote is escaped, so that no text is taken for one
    /// of the members.
    pub fn look(&mut self, events: &[u8]) {
        if self.has_come {
            return;
        }
        let ends = |rest: &[u8]| match self.dialect {
            Dialect::Chat | Dialect::Messages => value(rest).is_some_and(|value| value.starts_with(b"\"")),
            Dialect::Responses => ["completed\"", "incomplete\"", "failed\"", "cancelled\""]
                .iter()
                .any(|end| rest.starts_with(end.as_bytes())),
        };
        let fails = |rest: &[u8]| match value(rest) {
            Some(value) => !value.starts_with(b"null"),
            // The type of an event. In the other dialects it is a text.
            None => self.dialect == Dialect::Responses,
        };
        self.has_come = self.dialect == Dialect::Chat && events.trim_ascii_end().ends_with(b"[DONE]")
            || any(&self.finish, events, ends)
            || self
                .stop
                .as_ref()
                .is_some_and(|stop| stop.find_all(events).next().is_some())
            || any(&self.error, events, fails);
    }

    /// Returns whether the answer is complete, or has ended with an error.
    pub fn has_come(&self) -> bool {
        self.has_come
    }
}

/// Returns whether any place after what `finder` finds is one that `is` looks for.
fn any(finder: &Finder, bytes: &[u8], is: impl Fn(&[u8]) -> bool) -> bool {
    finder.find_all(bytes).any(is)
}

/// Returns the text after the colon that follows the name of a member; `None` if none follows.
fn value(rest: &[u8]) -> Option<&[u8]> {
    let value = rest.trim_ascii_start().strip_prefix(b":")?;
    Some(value.trim_ascii_start())
}

fn broke_off() -> ErrorBody {
    ErrorBody::new(ErrorKind::Server, "the provider's stream broke off")
}
