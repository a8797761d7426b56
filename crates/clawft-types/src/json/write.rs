//! Writing JSON.

use alloc::{string::String, vec::Vec};

use super::Node;
use crate::memory::{self, NoMemory};

/// Extra room for everything but texts: keys, brackets, numbers.
const ROOM: usize = 64;

/// Appends compact JSON to a buffer. The writer adds the commas, and closes a bracket when its closure ends.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Returns a writer with room for JSON that holds each of `texts` once. Fails if there is no memory for
    /// it.
    pub fn with_room_for<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Writer, NoMemory> {
        Writer::with_capacity(texts.map(room).sum())
    }

    /// Returns a writer with room for `bytes` bytes of JSON. Fails if there is no memory for it.
    pub fn with_capacity(bytes: usize) -> Result<Writer, NoMemory> {
        let mut buffer = Vec::new();
        memory::reserve(&mut buffer, bytes)?;
        Ok(Writer { bytes: buffer })
    }

    /// Writes an object; `members` writes its members.
    pub fn object(&mut self, members: impl FnOnce(&mut Writer)) {
        self.byte(b'{');
        members(self);
        self.close(b'}');
    }

    /// Writes an array; `item` writes each of `items`.
    pub fn array<T>(&mut self, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Writer, T)) {
        self.list(|list| {
            for each in items {
                list.item(|writer| item(writer, each));
            }
        });
    }

    /// Writes an array; `items` writes its elements, each with [`Writer::item`].
    pub(crate) fn list(&mut self, items: impl FnOnce(&mut Writer)) {
        self.byte(b'[');
        items(self);
        self.close(b']');
    }

    /// Writes an element of an array.
    pub(crate) fn item(&mut self, value: impl FnOnce(&mut Writer)) {
        value(self);
        self.byte(b',');
    }

    /// Writes a member of an object; `value` writes its value.
    pub fn member(&mut self, key: &str, value: impl FnOnce(&mut Writer)) {
        self.text(key);
        self.byte(b':');
        value(self);
        self.byte(b',');
    }

    /// Writes a member that is a string.
    pub fn text_member(&mut self, key: &str, text: &str) {
        self.member(key, |writer| writer.text(text));
    }

    /// Writes a member that is a number or another literal, unchanged.
    pub fn literal_member(&mut self, key: &str, token: &str) {
        self.member(key, |writer| writer.literal(token));
    }

    /// Writes a string.
    pub fn text(&mut self, text: &str) {
        self.byte(b'"');
        self.characters(text);
        self.byte(b'"');
    }

    /// Writes a part of a string's content, between the quotes. Characters that need no escape are copied together.
    pub(crate) fn characters(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        loop {
            let plain = rest.iter().take_while(|byte| length(**byte) == 1).count();
            self.bytes
                .extend_from_slice(rest.get(..plain).unwrap_or_default());
            let Some((byte, later)) = rest.get(plain..).and_then(<[u8]>::split_first) else {
                return;
            };
            match byte {
                b'"' | b'\\' => self.bytes.extend_from_slice(&[b'\\', *byte]),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                byte => {
                    let hex = |digit: u8| {
                        if digit < 10 {
                            b'0' + digit
                        } else {
                            b'a' + digit - 10
                        }
                    };
                    self.bytes
                        .extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
                }
            }
            rest = later;
        }
    }

    /// Writes a byte. A call is smaller than its inlined code, and there are many.
    #[inline(never)]
    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Writes a number or another literal, unchanged.
    pub fn literal(&mut self, token: &str) {
        self.bytes.extend_from_slice(token.as_bytes());
    }

    /// Writes a copy of `value`, without white space.
    pub fn value(&mut self, value: Node<'_>) {
        for (part, string) in value.parts() {
            if string {
                self.text(part);
            } else {
                self.literal(part);
            }
        }
    }

    /// Writes several literals, one after the other.
    pub(crate) fn literals(&mut self, tokens: &[&str]) {
        tokens.iter().for_each(|token| self.literal(token));
    }

    /// Returns the number of bytes written.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the written bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Every element leaves a comma behind; the closing bracket replaces the last one.
    #[inline(never)]
    fn close(&mut self, bracket: u8) {
        match self.bytes.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.bytes.push(bracket),
        }
    }
}

impl Node<'_> {
    /// Returns this value as JSON text without white space. Fails if there is no memory for it.
    pub fn to_json(self) -> Result<String, NoMemory> {
        let mut writer = Writer::default();
        let room = |(part, _): (&str, _)| 2 + part.bytes().map(length).sum::<usize>();
        memory::reserve(&mut writer.bytes, self.parts().map(room).sum())?;
        writer.value(self);
        Ok(String::from_utf8(writer.bytes).unwrap_or_default())
    }
}

/// Returns the room that a text takes in JSON, together with its key.
pub(crate) fn room(text: &str) -> usize {
    ROOM + text.bytes().map(length).sum::<usize>()
}

/// Returns the length of a byte of text in JSON.
fn length(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' => 2,
        0..0x20 => 6,
        _ => 1,
    }
}
