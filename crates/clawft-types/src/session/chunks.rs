//! Writing a session file in chunks, so that a long conversation is not in memory twice.

use super::SessionId;
use crate::json::Writer;
use crate::message::Message;
use crate::text::number;
use alloc::vec::Vec;
use core::iter::Chain;
use core::mem;
use core::slice::Iter;

/// The minimum size of a chunk but the last, and the number of text bytes written at once. With escapes these
/// may become six times as many.
const SIZE: usize = 16 * 1024;

/// Iterator over the chunks of a session file, which together are one line of JSON with a line end.
pub struct Chunks<'a> {
    id: &'a SessionId,
    messages: Chain<Iter<'a, Message>, Iter<'a, Message>>,
    part: Part<'a>,
}

/// The next part of the file.
enum Part<'a> {
    Beginning,
    /// A message, with the part of `content` that is not yet written.
    Message {
        message: &'a Message,
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
            Part::Message { message, text } => {
                let (now, later) = text.split_at(text.floor_char_boundary(SIZE));
                writer.characters(now);
                if later.is_empty() {
                    end_message(writer, message);
                    self.begin_message(writer, ",");
                } else {
                    self.part = Part::Message { message, text: later };
                }
            }
            Part::Nothing => return false,
        }
        true
    }

    /// Begins the next message, or ends the file.
    fn begin_message(&mut self, writer: &mut Writer, separator: &str) {
        match self.messages.next() {
            Some(message) => {
                let role = message.role.as_str();
                writer.literals(&[separator, "{\"role\":\"", role, "\",\"content\":\""]);
                self.part = Part::Message {
                    message,
                    text: &message.content,
                };
            }
            None => writer.literal("]}\n"),
        }
    }
}

/// Ends `content` and the message.
fn end_message(writer: &mut Writer, message: &Message) {
    writer.literal("\"");
    if message.incomplete {
        writer.literal(",\"incomplete\":true");
    }
    if let Some(reason) = &message.finish_reason {
        writer.literal(",\"finish_reason\":");
        writer.text(reason);
    }
    if !message.reasoning.is_empty() {
        writer.literal(",\"reasoning\":");
        writer.array(&message.reasoning, |item, block| block.write(item));
    }
    if !message.calls.is_empty() {
        writer.literal(",\"tool_calls\":");
        writer.array(&message.calls, |item, call| call.write(item));
    }
    if let Some(call) = &message.answered {
        writer.literal(",\"tool_call_id\":");
        writer.text(&call.id);
        if call.is_error {
            writer.literal(",\"is_error\":true");
        }
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
