//! Writing JSON.

use alloc::vec::Vec;

/// Appends compact JSON to a buffer. Commas are set by the writer, brackets are closed by the closures' end.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// One object: `members` writes what is in it.
    pub fn object(&mut self, members: impl FnOnce(&mut Writer)) {
        self.bytes.push(b'{');
        members(self);
        self.close(b'}');
    }

    /// One array: `item` writes each of `items`.
    pub fn array<T>(&mut self, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Writer, T)) {
        self.bytes.push(b'[');
        for each in items {
            item(self, each);
            self.bytes.push(b',');
        }
        self.close(b']');
    }

    /// One member of an object, `value` writes its value.
    pub fn member(&mut self, key: &str, value: impl FnOnce(&mut Writer)) {
        self.text(key);
        self.bytes.push(b':');
        value(self);
        self.bytes.push(b',');
    }

    /// A member that is a string.
    pub fn text_member(&mut self, key: &str, text: &str) {
        self.member(key, |writer| writer.text(text));
    }

    /// A member that is a number or another literal: `token` is written as it is.
    pub fn literal_member(&mut self, key: &str, token: &str) {
        self.member(key, |writer| writer.literal(token));
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.bytes.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.bytes.extend_from_slice(&[b'\\', byte]),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                0..0x20 => {
                    let hex = |digit: u8| b"0123456789abcdef"[usize::from(digit)];
                    self.bytes.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
                }
                _ => self.bytes.push(byte),
            }
        }
        self.bytes.push(b'"');
    }

    /// A number, or another literal: `token` is written as it is.
    pub fn literal(&mut self, token: &str) {
        self.bytes.extend_from_slice(token.as_bytes());
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Every element leaves a comma behind; the last one becomes the bracket.
    fn close(&mut self, bracket: u8) {
        match self.bytes.last_mut() {
            Some(last) if *last == b',' => *last = bracket,
            _ => self.bytes.push(bracket),
        }
    }
}
