//! A session file as it is written: piece by piece, so that a long conversation need not be in memory twice.

use super::{SessionId, VERSION};
use crate::json::Writer;
use crate::message::Message;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::iter::Chain;
use core::mem;
use core::slice::Iter;

/// How many bytes a piece has at least, unless it is the last one, and how many bytes of text it takes at once. Escaped they may
/// be six times as many.
const SIZE: usize = 16 * 1024;

/// The pieces of a session file, which together are one line of JSON with a line end.
pub struct Pieces<'a> {
    id: &'a SessionId,
    messages: Chain<Iter<'a, Message>, Iter<'a, Message>>,
    part: Part<'a>,
}

/// What comes next.
enum Part<'a> {
    Beginning,
    /// What is left of a message: the text that is not written yet.
    Message {
        text: &'a str,
        incomplete: bool,
    },
    Nothing,
}

impl<'a> Pieces<'a> {
    /// The file of the session `id` with the messages `known` and `more`.
    pub fn new(id: &'a SessionId, known: &'a [Message], more: &'a [Message]) -> Pieces<'a> {
        Pieces { id, messages: known.iter().chain(more), part: Part::Beginning }
    }

    /// Writes the next part. False if there is none.
    fn write(&mut self, writer: &mut Writer) -> bool {
        match mem::replace(&mut self.part, Part::Nothing) {
            Part::Beginning => {
                let version = VERSION.to_string();
                let id = self.id.as_str();
                writer.literals(&["{\"version\":", &version, ",\"id\":\"", id, "\",\"messages\":["]);
                self.begin_message(writer, "");
            }
            Part::Message { text, incomplete } => {
                let (now, later) = text.split_at(text.floor_char_boundary(SIZE));
                writer.characters(now);
                if later.is_empty() {
                    writer.literal(if incomplete { "\",\"incomplete\":true}" } else { "\"}" });
                    self.begin_message(writer, ",");
                } else {
                    self.part = Part::Message { text: later, incomplete };
                }
            }
            Part::Nothing => return false,
        }
        true
    }

    /// Begins the next message, or ends the file.
    fn begin_message(&mut self, writer: &mut Writer, separator: &str) {
        match self.messages.next() {
            Some(Message { role, content, incomplete }) => {
                writer.literals(&[separator, "{\"role\":\"", role.as_str(), "\",\"content\":\""]);
                self.part = Part::Message { text: content, incomplete: *incomplete };
            }
            None => writer.literal("]}\n"),
        }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut writer = Writer::default();
        while writer.length() < SIZE && self.write(&mut writer) {}
        Some(writer.into_bytes()).filter(|bytes| !bytes.is_empty())
    }
}
