//! Writing a session file in chunks, so that a long conversation is not in memory twice.

use alloc::vec::Vec;
use core::{iter::Chain, mem, slice::Iter};

use super::SessionId;
use crate::{json::Writer, message::Message, text::number};

/// The minimum size of a chunk but the last, and the number of text bytes written at once. With escapes these
/// may become six times as many.
const SIZE: usize = 16 * 1024;

/// The number of the first text of reasoning: before it are the content and the finish reason.
const BLOCKS: usize = 2;

/// The number of texts of a block of reasoning: text and signature.
const BLOCK: usize = 2;

/// The number of the first text of a call, if there is no reasoning. The one before it is the end of the reasoning.
const CALLS: usize = BLOCKS + 1;

/// The number of texts of a call: id, name and arguments.
const CALL: usize = 3;

/// Iterator over the chunks of a session file, which together are one line of JSON with a line end.
pub struct Chunks<'a> {
    id: &'a SessionId,
    messages: Chain<Iter<'a, Message>, Iter<'a, Message>>,
    part: Part<'a>,
}

/// The next part of the file.
enum Part<'a> {
    Beginning,
    /// The text `number` of a message, with its part that is not yet written.
    Text {
        message: &'a Message,
        number: usize,
        text: &'a str,
    },
    Nothing,
}

impl<'a> Chunks<'a> {
    /// Returns the file of the session `id` with the messages `known` and `more`.
    pub fn new(id: &'a SessionId, known: &'a [Message], more: &'a [Message]) -> Chunks<'a> {
        Chunks {
            id,
            messages: known.iter().chain(more),
            part: Part::Beginning,
        }
    }

    /// Writes the next part. Returns false if there is none.
    fn write(&mut self, writer: &mut Writer) -> bool {
        match mem::replace(&mut self.part, Part::Nothing) {
            Part::Beginning => {
                let version = number(super::version(self.messages.clone()));
                let id = self.id.as_str();
                writer.literals(&["{\"version\":", &version, ",\"id\":\"", id, "\",\"messages\":["]);
                self.begin_message(writer, "");
            }
            Part::Text {
                message,
                number,
                text,
            } => {
                let (now, text) = text.split_at(text.floor_char_boundary(SIZE));
                writer.characters(now);
                if text.is_empty() {
                    writer.literal("\"");
                    self.begin_text(writer, message, number + 1);
                } else {
                    self.part = Part::Text {
                        message,
                        number,
                        text,
                    };
                }
            }
            Part::Nothing => return false,
        }
        true
    }

    /// Begins the text `number` of a message or the first one after it, or ends the message.
    fn begin_text(&mut self, writer: &mut Writer, message: &'a Message, number: usize) {
        for number in number..text_count(message) {
            if let Some(text) = text(message, number, writer) {
                writer.literal("\"");
                self.part = Part::Text {
                    message,
                    number,
                    text,
                };
                return;
            }
        }
        end_message(writer, message);
        self.begin_message(writer, ",");
    }

    /// Begins the next message, or ends the file.
    fn begin_message(&mut self, writer: &mut Writer, separator: &str) {
        match self.messages.next() {
            Some(message) => {
                writer.literals(&[separator, "{\"role\":\"", message.role.as_str(), "\""]);
                self.begin_text(writer, message, 0);
            }
            None => writer.literal("]}\n"),
        }
    }
}

/// Returns the number of texts that a message may have.
fn text_count(message: &Message) -> usize {
    CALLS + BLOCK * message.reasoning.len() + CALL * message.calls.len() + 1
}

/// Writes the JSON before the text `number` of a message, and returns the text; `None` if the message has no such text.
fn text<'a>(message: &'a Message, number: usize, writer: &mut Writer) -> Option<&'a str> {
    let Some(number) = number.checked_sub(BLOCKS) else {
        if number == 0 {
            writer.literal(",\"content\":");
            return Some(&message.content);
        }
        writer.literal(match (message.incomplete, message.echoed) {
            (false, false) => "",
            (true, false) => ",\"incomplete\":true",
            (false, true) => ",\"echoed\":true",
            (true, true) => ",\"incomplete\":true,\"echoed\":true",
        });
        let reason = message.finish_reason.as_deref()?;
        writer.literal(",\"finish_reason\":");
        return Some(reason);
    };
    if let Some(block) = message.reasoning.get(number / BLOCK) {
        if number % BLOCK == 1 {
            let shown = !block.redacted && !block.signature.is_empty();
            return shown.then(|| {
                writer.literal(",\"signature\":");
                block.signature.as_str()
            });
        }
        writer.literal(if number == 0 { ",\"reasoning\":[" } else { "}," });
        if block.redacted {
            writer.literal("{\"type\":\"redacted_thinking\",\"data\":");
            return Some(&block.signature);
        }
        writer.literal("{\"type\":\"thinking\",\"thinking\":");
        return Some(&block.text);
    }
    let Some(number) = number.checked_sub(BLOCK * message.reasoning.len() + 1) else {
        if number > 0 {
            writer.literal("}]");
        }
        return None;
    };
    let Some(call) = message.calls.get(number / CALL) else {
        if number > 0 {
            writer.literal("}]");
        }
        let answered = message.answered.as_ref()?;
        writer.literal(",\"tool_call_id\":");
        return Some(&answered.id);
    };
    let (key, text) = match number % CALL {
        0 if number == 0 => (",\"tool_calls\":[{\"id\":", &call.id),
        0 => ("},{\"id\":", &call.id),
        1 => (",\"name\":", &call.name),
        _ => (",\"arguments\":", &call.arguments),
    };
    writer.literal(key);
    Some(text)
}

/// Ends the message after its texts.
fn end_message(writer: &mut Writer, message: &Message) {
    if message.answered.as_ref().is_some_and(|call| call.is_error) {
        writer.literal(",\"is_error\":true");
    }
    if !message.images().is_empty() {
        writer.literal(",\"images\":");
        writer.array(message.images(), |item, image| image.write(item));
    }
    writer.literal("}");
}

impl Iterator for Chunks<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut writer = Writer::default();
        while writer.length() < SIZE && self.write(&mut writer) {}
        Some(writer.into_bytes()).filter(|bytes| !bytes.is_empty())
    }
}
