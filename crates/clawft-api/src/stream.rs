//! Streamed answers: from the bytes of one dialect to those of another.

use alloc::vec::Vec;
use core::mem;

use clawft_core::sse;
use clawft_types::json::{self, Node, Writer};

use crate::{
    answer::Answer,
    chat,
    context::Context,
    custom,
    dialect::Dialect,
    error_body::{ErrorBody, ErrorKind},
    event::{Event, Events},
    messages,
    request::Content,
    responses,
};

/// The maximum size of an event in bytes. Pictures and inputs of tools come in one event from some servers.
pub(crate) const LONGEST_EVENT: usize = 16 << 20;

/// A translator of a streamed answer. Gives for any split of the provider's bytes the same bytes.
///
/// Members of events without a counterpart, such as log probabilities, are left out: the headers, where warnings go,
/// have been sent before.
///
/// ```
/// use clawft_api::{Context, Dialect, Stream};
///
/// let mut stream = Stream::new(Dialect::Chat, Dialect::Messages, Context::new(0));
/// let first = stream.feed(b"data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n");
/// assert!(first.starts_with(b"event: message_start\n"));
/// stream.feed(b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
/// let last = stream.end();
/// assert!(last.ends_with(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
/// assert!(stream.is_over());
/// ```
#[derive(Debug)]
pub struct Stream {
    context: Context,
    decoder: sse::Decoder,
    reader: Reader,
    writer: EventWriter,
    answer: Answer,
    /// Whether the input of the current call is held back until it is complete.
    holds_input: bool,
    is_over: bool,
}

/// The reader of the provider's dialect.
#[derive(Debug)]
enum Reader {
    Chat(chat::StreamReader),
    Messages(messages::StreamReader),
    Responses(responses::StreamReader),
}

/// The writer of the client's dialect.
#[derive(Debug)]
enum EventWriter {
    Chat(chat::StreamWriter),
    Messages(messages::StreamWriter),
    Responses(responses::StreamWriter),
}

impl Stream {
    /// Returns a translator that has read nothing yet.
    pub fn new(from: Dialect, to: Dialect, context: Context) -> Stream {
        Stream {
            context,
            decoder: sse::Decoder::with_limit(LONGEST_EVENT),
            reader: Reader::new(from),
            writer: match to {
                Dialect::Chat => EventWriter::Chat(chat::StreamWriter::default()),
                Dialect::Responses => EventWriter::Responses(responses::StreamWriter::default()),
                Dialect::Messages => EventWriter::Messages(messages::StreamWriter::default()),
            },
            answer: Answer::new(from),
            holds_input: false,
            is_over: false,
        }
    }

    /// Returns the bytes for the client after the next bytes of the provider.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut out = Writer::default();
        while !self.is_over {
            match self.decoder.next(&mut bytes) {
                Ok(Some(data)) => self.read(data, &mut out),
                Ok(None) => break,
                Err(_) => self.fail("the provider's stream has an event that is too long", &mut out),
            }
        }
        out.into_bytes()
    }

    /// Returns the last bytes for the client, after the provider's stream is over. A stream that broke off ends with
    /// an error.
    pub fn end(&mut self) -> Vec<u8> {
        let mut out = Writer::default();
        // Some servers leave out the empty line after the last event.
        if !self.is_over
            && let Ok(Some(data)) = self.decoder.finish()
        {
            self.read(data, &mut out);
        }
        let mut events = Events::new();
        self.reader.end(&mut events);
        self.write_all(events, &mut out);
        self.fail("the provider's stream broke off", &mut out);
        out.into_bytes()
    }

    /// Returns the answer so far.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Returns whether the answer is complete or has failed.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Ends the stream with an error, unless it is over.
    pub fn abort(&mut self, error: ErrorBody) -> Vec<u8> {
        let mut out = Writer::default();
        self.write_all(Vec::from([Event::Error(error)]), &mut out);
        out.into_bytes()
    }

    fn fail(&mut self, message: &str, out: &mut Writer) {
        let error = ErrorBody::new(ErrorKind::Server, message);
        self.write_all(Vec::from([Event::Error(error)]), out);
    }

    /// Reads the data of an event.
    pub(crate) fn read(&mut self, data: Vec<u8>, out: &mut Writer) {
        let mut events = Events::new();
        if is_done(&data) {
            self.reader.end(&mut events);
            return self.write_all(events, out);
        }
        let Ok(document) = json::parse_owned(data) else {
            return self.fail("the provider's stream has an event that is not JSON", out);
        };
        self.reader.read(Node::root(&document), &mut events);
        self.write_all(events, out);
    }

    fn write_all(&mut self, events: Events, out: &mut Writer) {
        for event in events {
            if !self.is_over {
                self.write(event, out);
            }
        }
    }

    /// Writes an event, with the calls as the client knows its tools.
    fn write(&mut self, mut event: Event, out: &mut Writer) {
        if let Event::Begin(Content::Call(call)) = &mut event {
            let was_custom = call.is_custom;
            self.context.restore_call(call);
            self.holds_input = call.is_custom && !was_custom;
        }
        if self.holds_input && event == Event::End {
            self.holds_input = false;
            self.release_input(out);
        }
        self.answer.add(&event);
        self.is_over = matches!(event, Event::Finish(_) | Event::Error(_));
        if !(self.holds_input && matches!(event, Event::Delta(_))) {
            self.send(&event, out);
        }
    }

    /// Sends the input of a custom tool, which the provider has called as a function.
    fn release_input(&mut self, out: &mut Writer) {
        let Some(Content::Call(call)) = self.answer.parts.last_mut().map(|part| &mut part.content) else {
            return;
        };
        let input = mem::take(&mut call.input);
        let input = custom::unwrapped(&input).unwrap_or(input);
        call.input.clone_from(&input);
        self.send(&Event::Delta(input), out);
    }

    fn send(&mut self, event: &Event, out: &mut Writer) {
        match &mut self.writer {
            EventWriter::Chat(writer) if cfg!(feature = "client-chat") => {
                writer.write(event, &self.answer, &self.context, out)
            }
            EventWriter::Messages(writer) if cfg!(feature = "client-messages") => {
                writer.write(event, &self.answer, &self.context, out)
            }
            EventWriter::Responses(writer) if cfg!(feature = "client-responses") => {
                writer.write(event, &self.answer, &self.context, out)
            }
            _ => {}
        }
    }
}

/// Returns whether the data of an event is the end of a stream of chat chunks.
pub(crate) fn is_done(data: &[u8]) -> bool {
    matches!(data.trim_ascii(), b"[DONE]" | b"\"[DONE]\"")
}

impl Reader {
    /// Returns a reader that has read nothing yet.
    fn new(dialect: Dialect) -> Reader {
        match dialect {
            Dialect::Chat => Reader::Chat(chat::StreamReader::default()),
            Dialect::Responses => Reader::Responses(responses::StreamReader::default()),
            Dialect::Messages => Reader::Messages(messages::StreamReader::default()),
        }
    }

    /// Reads the data of an event.
    fn read(&mut self, root: Node<'_>, events: &mut Events) {
        match self {
            Reader::Chat(reader) if cfg!(feature = "provider-chat") => reader.read(root, events),
            Reader::Messages(reader) if cfg!(feature = "provider-messages") => reader.read(root, events),
            Reader::Responses(reader) if cfg!(feature = "provider-responses") => reader.read(root, events),
            _ => {}
        }
    }

    /// Ends the answer, if its finish reason is known.
    fn end(&mut self, events: &mut Events) {
        match self {
            Reader::Chat(reader) if cfg!(feature = "provider-chat") => reader.end(events),
            Reader::Messages(reader) if cfg!(feature = "provider-messages") => reader.finish(events),
            Reader::Responses(reader) if cfg!(feature = "provider-responses") => reader.end(events),
            _ => {}
        }
    }
}
