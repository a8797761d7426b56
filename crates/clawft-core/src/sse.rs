//! A decoder of server-sent events: from bytes, split anywhere, to the data of events.
//!
//! Follows the HTML standard: lines end with CR LF, LF or CR, a byte order mark may come first, an event ends
//! with an empty line, its `data` lines are joined by line feeds, a line that begins with a colon is a
//! comment. The fields `id` and `retry` are skipped, and so is `event`, because providers repeat an event's
//! name in its data.
//!
//! Beyond the standard, an event that is cut off by the end of the stream can be had with [`Decoder::finish`],
//! because some servers omit its empty line, llama.cpp's field `error` counts as `data`, and so do lines of bare
//! JSON, which Ollama sends if it fails in the middle of a stream. Data that follows a complete JSON object is
//! another event, because some servers omit all empty lines.

use alloc::vec::Vec;
use core::mem;

use clawft_types::memory::{self, NoMemory};

/// The maximum size of an event in bytes. The largest that providers send have a few hundred.
pub const MAX_EVENT: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Decodes the events of a stream that arrives in parts. Never holds more than the maximum size of an event, which is
/// [`MAX_EVENT`] bytes by default.
#[derive(Debug)]
pub struct Decoder {
    /// The maximum size of an event in bytes.
    max: usize,
    /// The line so far.
    line: Vec<u8>,
    /// The event's data so far, with a line feed after each line.
    data: Vec<u8>,
    /// Whether the last byte was a CR: a following LF belongs to it.
    after_cr: bool,
    /// Whether the first line, which may begin with a byte order mark, is over.
    begun: bool,
    /// Whether the event so far is an error by its name.
    names_error: bool,
    /// Whether the last event was one.
    was_error: bool,
    /// Whether the event is bare JSON, so that each of its lines belongs to it.
    is_bare: bool,
}

/// Returns the name of a field, and its value if there is a colon. A space after the colon is not part of it.
fn split(field: &[u8]) -> (&[u8], Option<&[u8]>) {
    let colon = field.iter().position(|byte| *byte == b':');
    let (name, rest) = field.split_at(colon.unwrap_or(field.len()));
    let value = rest.strip_prefix(b":");
    (name, value.map(|value| value.strip_prefix(b" ").unwrap_or(value)))
}

/// The reason why a stream cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An event has more bytes than the decoder allows.
    TooLong,
    /// There is no memory for an event.
    NoMemory(NoMemory),
}

impl From<NoMemory> for Fault {
    fn from(error: NoMemory) -> Fault {
        Fault::NoMemory(error)
    }
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::with_limit(MAX_EVENT)
    }
}

impl Decoder {
    /// Returns a decoder of events of up to `max` bytes.
    pub fn with_limit(max: usize) -> Decoder {
        Decoder {
            max,
            line: Vec::new(),
            data: Vec::new(),
            after_cr: false,
            begun: false,
            names_error: false,
            was_error: false,
            is_bare: false,
        }
    }

    /// Returns the data of the next event, which is never empty; `None` if `bytes` ends before the event is
    /// complete. Removes the bytes that it has read from the front of `bytes`.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            *bytes = rest;
            if !part.is_empty() {
                self.after_cr = false;
                if self.line.len() + self.data.len() + part.len() > self.max {
                    return Err(Fault::TooLong);
                }
                memory::append(&mut self.line, part)?;
            }
            let Some((end, rest)) = rest.split_first() else {
                return Ok(None);
            };
            *bytes = rest;
            let after_cr = mem::replace(&mut self.after_cr, *end == b'\r');
            if *end == b'\n' && after_cr {
                continue;
            }
            if let Some(event) = self.end_line()? {
                return Ok(Some(event));
            }
        }
    }

    /// Returns whether the last event is named `error`, or its data came in a field `error`.
    pub fn is_error(&self) -> bool {
        self.was_error
    }

    /// Returns the data of the next event that the end of the stream has cut off, if there is one.
    pub fn finish(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match self.end_line()? {
            None => Ok(self.end_event()),
            event => Ok(event),
        }
    }

    fn end_line(&mut self) -> Result<Option<Vec<u8>>, NoMemory> {
        let mut line = mem::take(&mut self.line);
        let mut field = &*line;
        if !mem::replace(&mut self.begun, true) {
            // Elsewhere a space belongs to the name of a field.
            field = field
                .strip_prefix(BYTE_ORDER_MARK)
                .unwrap_or(field)
                .trim_ascii_start();
        }
        if field.is_empty() {
            return Ok(self.end_event());
        }
        if self.is_bare || field.starts_with(b"{") && self.data.is_empty() {
            self.is_bare = true;
            self.names_error = true;
            memory::append(&mut self.data, field)?;
            memory::append(&mut self.data, b"\n")?;
            return Ok(None);
        }
        let (name, value) = split(field);
        match name {
            b"data" => {}
            b"error" if value.is_some() => self.names_error = true,
            b"event" => {
                self.names_error |= value == Some(b"error");
                return Ok(None);
            }
            _ => return Ok(None),
        }
        let value = value.unwrap_or_default();
        let begins = self.data.ends_with(b"}\n") && matches!(value.first(), Some(b'{' | b'['));
        let ended = if begins { self.end_event() } else { None };
        if self.data.is_empty() {
            // This is nearly always the whole event, and it may be large: it is not copied.
            let start = line.len() - value.len();
            line.drain(..start);
            self.data = line;
        } else {
            memory::append(&mut self.data, value)?;
        }
        memory::append(&mut self.data, b"\n")?;
        Ok(ended)
    }

    fn end_event(&mut self) -> Option<Vec<u8>> {
        let mut data = mem::take(&mut self.data);
        data.pop();
        self.was_error = mem::take(&mut self.names_error);
        self.is_bare = false;
        (!data.is_empty()).then_some(data)
    }
}
