//! Checking a text and bringing it into the normal form of a [`Document`](super::Document).

use alloc::{borrow::ToOwned as _, vec::Vec};

use super::{
    JsonError, JsonFault,
    document::{QUOTE, STRIDE},
};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Brings a JSON text into normal form in place; it never becomes longer. `late` is called after each
/// [`STRIDE`] bytes.
pub(super) fn normalize(mut bytes: Vec<u8>, late: &dyn Fn() -> bool) -> Result<Vec<u8>, JsonError> {
    let start = if bytes.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let text = Text {
        bytes: &mut bytes,
        read: start,
        written: 0,
        line: 1,
        line_start: start,
        late,
        check: STRIDE,
    };
    let length = text.normalize()?;
    bytes.truncate(length);
    Ok(bytes)
}

/// A text on its way into normal form.
struct Text<'a> {
    /// In normal form up to the write position, unchanged from the read position on.
    bytes: &'a mut [u8],
    read: usize,
    written: usize,
    line: usize,
    /// The position where the current line begins.
    line_start: usize,
    late: &'a dyn Fn() -> bool,
    /// The position at which to call `late` next.
    check: usize,
}

/// Reasons to reject a text.
enum Refusal {
    Late,
    /// A syntax error at the read position.
    Wrong(&'static str),
}

type Checked = Result<(), Refusal>;

const TOO_SHORT: Refusal = Refusal::Wrong("the text ends early");

/// The open arrays and objects, as bits: the lowest bit is the innermost, 1 for an object. A 1 above the
/// outermost marks the end, so at most 127 fit.
struct Open(u128);

impl Open {
    const NONE: Open = Open(1);

    fn is_none(&self) -> bool {
        self.0 == 1
    }

    fn in_object(&self) -> bool {
        self.0 & 1 == 1
    }

    fn push(&mut self, object: bool) -> Checked {
        if self.0 >> 127 == 1 {
            return Err(Refusal::Wrong("recursion limit exceeded"));
        }
        self.0 = (self.0 << 1) + u128::from(object);
        Ok(())
    }

    fn pop(&mut self) {
        self.0 >>= 1;
    }
}

impl Text<'_> {
    /// Processes the whole text and returns the length of the normal form.
    fn normalize(mut self) -> Result<usize, JsonError> {
        match self.values() {
            Ok(()) => Ok(self.written),
            Err(Refusal::Late) => Err(JsonFault::Late.into()),
            Err(Refusal::Wrong(message)) => Err(self.fault(message).into()),
        }
    }

    fn fault(&self, message: &str) -> JsonFault {
        let message = match str::from_utf8(self.bytes.get(self.read..).unwrap_or_default()) {
            _ if self.bytes.is_empty() => "the text is empty",
            Err(_) => "the text is not UTF-8",
            Ok(_) => message,
        };
        let column = (self.read + 1).min(self.bytes.len()) - self.line_start;
        JsonFault::Syntax {
            line: self.line,
            column,
            message: message.to_owned(),
        }
    }

    /// Reads one value, and fails if anything follows it.
    fn values(&mut self) -> Checked {
        let mut open = Open::NONE;
        loop {
            if self.read >= self.check {
                self.check = self.read + STRIDE;
                if (self.late)() {
                    return Err(Refusal::Late);
                }
            }
            if self.begins(&mut open)? {
                continue;
            }
            // A value has ended. Find its parent, and check whether that has ended too.
            loop {
                let next = self.next();
                match (next, open.in_object()) {
                    (None, _) if open.is_none() => return Ok(()),
                    _ if open.is_none() => return Err(Refusal::Wrong("trailing characters")),
                    (None, _) => return Err(TOO_SHORT),
                    (Some(b','), object) => {
                        self.keep(1);
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.keep(1);
                        open.pop();
                    }
                    (_, true) => return Err(Refusal::Wrong("expected `,` or `}`")),
                    (_, false) => return Err(Refusal::Wrong("expected `,` or `]`")),
                }
            }
        }
    }

    /// Reads the beginning of a value: the complete value, unless it is a non-empty array or object. Returns
    /// true if another value follows inside.
    fn begins(&mut self, open: &mut Open) -> Result<bool, Refusal> {
        match self.next() {
            Some(b'{') => {
                open.push(true)?;
                self.keep(1);
                if self.next() == Some(b'}') {
                    return Ok(false);
                }
                self.key()?;
                return Ok(true);
            }
            Some(b'[') => {
                open.push(false)?;
                self.keep(1);
                return Ok(self.next() != Some(b']'));
            }
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.literal()?,
            None => return Err(TOO_SHORT),
        }
        Ok(false)
    }

    /// Reads a member's key and its colon.
    fn key(&mut self) -> Checked {
        match self.next() {
            Some(b'"') => self.string()?,
            Some(_) => return Err(Refusal::Wrong("key must be a string")),
            None => return Err(TOO_SHORT),
        }
        match self.next() {
            Some(b':') => self.keep(1),
            Some(_) => return Err(Refusal::Wrong("expected `:`")),
            None => return Err(TOO_SHORT),
        }
        Ok(())
    }

    fn literal(&mut self) -> Checked {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        for word in ["null", "true", "false"] {
            if rest.starts_with(word.as_bytes()) {
                self.keep(word.len());
                return Ok(());
            }
        }
        Err(Refusal::Wrong("expected value"))
    }

    fn number(&mut self) -> Checked {
        self.optional(b"-");
        if !self.optional(b"0") {
            self.digits()?;
        }
        if self.optional(b".") {
            self.digits()?;
        }
        if self.optional(b"eE") {
            self.optional(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    /// Keeps the byte at the read position if it is one of `any`.
    fn optional(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any.contains(&byte));
        if found {
            self.keep(1);
        }
        found
    }

    fn digits(&mut self) -> Checked {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => Err(Refusal::Wrong("invalid number")),
            count => {
                self.keep(count);
                Ok(())
            }
        }
    }

    fn string(&mut self) -> Checked {
        self.replace(1, &[QUOTE]);
        loop {
            let rest = self.bytes.get(self.read..).unwrap_or_default();
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            let plain = rest.get(..plain.unwrap_or(rest.len())).unwrap_or_default();
            if let Err(error) = str::from_utf8(plain) {
                self.read += error.valid_up_to();
                return Err(Refusal::Wrong(""));
            }
            self.keep(plain.len());
            match self.peek() {
                Some(b'"') => {
                    self.replace(1, &[QUOTE]);
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(Refusal::Wrong("control character in a string")),
                None => return Err(TOO_SHORT),
            }
        }
    }

    fn escape(&mut self) -> Checked {
        let byte = match self.bytes.get(self.read + 1) {
            Some(b'u') => return self.unicode(),
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
            Some(_) => return Err(Refusal::Wrong("invalid escape")),
            None => return Err(TOO_SHORT),
        };
        self.replace(2, &[byte]);
        Ok(())
    }

    /// Reads `\u00e9`, or two of them that are the halves of one character. Half a character is replaced.
    fn unicode(&mut self) -> Checked {
        let first = self.unit(self.read).ok_or(Refusal::Wrong("invalid escape"))?;
        let (length, code) = match (first, self.unit(self.read + 6)) {
            (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) => {
                (12, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            }
            _ => (6, first),
        };
        // Some servers cut a text between the halves of a character.
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.replace(length, character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Returns the number in the `\uXXXX` at `at`.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        digits.iter().try_fold(0, |number, digit| {
            Some((number << 4) + char::from(*digit).to_digit(16)?)
        })
    }

    /// Returns the next byte that is not white space.
    fn next(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\r' => self.read += 1,
                b'\n' => {
                    self.read += 1;
                    self.line += 1;
                    self.line_start = self.read;
                }
                byte => return Some(byte),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.read).copied()
    }

    /// Keeps `count` bytes unchanged.
    fn keep(&mut self, count: usize) {
        if self.read != self.written {
            self.bytes.copy_within(self.read..self.read + count, self.written);
        }
        self.read += count;
        self.written += count;
    }

    /// Skips `count` bytes and writes `with`, which is not longer.
    fn replace(&mut self, count: usize, with: &[u8]) {
        self.read += count;
        for byte in with {
            if let Some(place) = self.bytes.get_mut(self.written) {
                *place = *byte;
            }
            self.written += 1;
        }
    }
}
