//! A checked JSON text, and navigation in it.

use alloc::{string::String, vec::Vec};
use core::{cell::Cell, fmt};

use super::{JsonError, JsonFault};
use crate::text::number;

/// The delimiter of strings in a document: a byte that UTF-8 never uses, so strings need no escapes.
pub(super) const QUOTE: u8 = 0xff;

/// The number of bytes to scan between two checks of the clock.
pub(super) const STRIDE: usize = 16 * 1024;

/// The length in bytes from which on a string is long.
const LONG: usize = 4096;

/// A JSON text in normal form: without white space, each string between two [`QUOTE`]s and without escapes.
///
/// The end of every value can be found in one pass, and the text of every string can be borrowed. Of several
/// members with the same key the last one counts.
pub struct Document<'a> {
    bytes: Vec<u8>,
    late: &'a dyn Fn() -> bool,
    /// The number of bytes to scan before `late` is called next.
    stride: Cell<usize>,
    is_late: Cell<bool>,
    /// Position and length of the last long string that was found: each lookup comes by it, and nearly all of an
    /// answer is one.
    long: Cell<(usize, usize)>,
}

/// A document without a time limit.
pub type Value = Document<'static>;

impl<'a> Document<'a> {
    /// Wraps bytes that are in normal form.
    pub(super) fn new(bytes: Vec<u8>, late: &'a dyn Fn() -> bool) -> Document<'a> {
        Document {
            bytes,
            late,
            stride: Cell::new(STRIDE),
            is_late: Cell::new(false),
            long: Cell::new((0, 0)),
        }
    }

    /// Returns `read`, a result read from this document, or an error if reading was stopped early, because
    /// `read` is then incomplete.
    pub fn finish<T, E: From<JsonError>>(&self, read: Result<T, E>) -> Result<T, E> {
        if self.is_late.get() {
            Err(JsonError::from(JsonFault::Late).into())
        } else {
            read
        }
    }

    /// Returns the byte at `at`; 0 after the end.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// Returns the bytes from `start` to `end`.
    pub(super) fn range(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Returns the bytes of the number, `true`, `false` or `null` that begins at `at`.
    pub(super) fn token(&self, at: usize) -> &[u8] {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']'));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    }

    /// Returns the text of the string that begins at `at`; `None` if another value does.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        str::from_utf8(self.string(at)?).ok()
    }

    /// Returns the bytes of the string that begins at `at`; `None` if another value does.
    pub(super) fn string(&self, at: usize) -> Option<&[u8]> {
        let rest = self.bytes.get(at..)?.strip_prefix(&[QUOTE])?;
        let (known, mut length) = self.long.get();
        if known != at || length == 0 {
            length = find_quote(rest)?;
            if length >= LONG {
                self.long.set((at, length));
            }
        }
        rest.get(..length)
    }

    /// Returns the position after the value at `at`: that of a `,`, `}` or `]`, or the end of the text. Once
    /// the time is over, always returns the end of the text, so that all reading stops.
    pub(super) fn skip(&self, start: usize) -> usize {
        let mut at = start;
        let mut depth = 0;
        loop {
            match self.byte(at) {
                QUOTE => at += self.string(at).map_or(0, <[u8]>::len) + 1,
                b'{' | b'[' => depth += 1,
                b',' | b'}' | b']' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                0 => break,
                _ => {}
            }
            at += 1;
        }
        if self.is_late_after(at - start) {
            self.bytes.len()
        } else {
            at
        }
    }

    /// Returns whether the time is over, after `bytes` more bytes have been scanned.
    fn is_late_after(&self, bytes: usize) -> bool {
        match self.stride.get().checked_sub(bytes) {
            Some(rest) => self.stride.set(rest),
            None => {
                self.stride.set(STRIDE);
                self.is_late.set(self.is_late.get() || (self.late)());
            }
        }
        self.is_late.get()
    }

    /// Returns the keys and indices that lead to the value at `target`, joined by dots. Scans the text before
    /// it once.
    pub(super) fn path(&self, target: usize) -> String {
        let mut steps: Vec<Step> = Vec::new();
        let mut at = 0;
        while at < target {
            match self.byte(at) {
                QUOTE => at += self.string(at).map_or(0, <[u8]>::len) + 1,
                b'{' => steps.push(Step::Key(at + 1)),
                b'[' => steps.push(Step::Index(0)),
                b'}' | b']' => drop(steps.pop()),
                b',' => match steps.last_mut() {
                    Some(Step::Key(key)) => *key = at + 1,
                    Some(Step::Index(index)) => *index += 1,
                    None => {}
                },
                _ => {}
            }
            at += 1;
        }
        let mut path = String::new();
        for step in steps {
            if !path.is_empty() {
                path.push('.');
            }
            match step {
                Step::Key(key) => path.push_str(self.text(key).unwrap_or_default()),
                Step::Index(index) => path.push_str(&number(index as u64)),
            }
        }
        path
    }
}

/// Returns the position of the first [`QUOTE`]. Compares eight bytes at a time, because most of a long text
/// is scanned several times.
fn find_quote(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let (words, _) = bytes.as_chunks();
    // In the inverted word, a QUOTE is a zero byte: the only byte whose highest bit is set by subtracting 1
    // and was not set before.
    let without = |word: &&[u8; 8]| {
        let word = !u64::from_ne_bytes(**word);
        word.wrapping_sub(ONES) & !word & (ONES << 7) == 0
    };
    let start = words.iter().take_while(without).count() * 8;
    let rest = bytes.get(start..)?;
    Some(start + rest.iter().take(8).position(|byte| *byte == QUOTE)?)
}

/// One step down into a document.
enum Step {
    /// To the member whose key begins at this position.
    Key(usize),
    /// To the array element with this index.
    Index(usize),
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}
