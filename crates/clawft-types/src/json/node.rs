//! Reading a document: accessors that know where they are, so that every error names the field.

use super::document::{Document, QUOTE};
use super::{JsonError, JsonFault};
use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

/// A value in a document.
///
/// The path, which only errors need, is searched for when one is made. Carried along as text it made the component some
/// kilobytes larger. So a method that returns a `Result` is for what has to be there, and one that returns an `Option` for
/// what may be.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document<'a>,
    at: usize,
}

impl<'a> Node<'a> {
    /// The root of a document.
    pub fn root(document: &'a Document<'a>) -> Node<'a> {
        Node { document, at: 0 }
    }

    /// The member `key`. Absent and `null` are the same: many programs write `null` for what they leave out.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        let mut found = None;
        for (name, value) in Members::of(self) {
            if name == key.as_bytes() {
                found = Some(value);
            }
        }
        found.filter(|value| value.byte() != b'n')
    }

    /// The member `key`, which must be there.
    pub fn require(self, key: &str) -> Result<Node<'a>, JsonError> {
        if let Some(node) = self.get(key) {
            return Ok(node);
        }
        self.object()?;
        let path = self.document.path(self.at);
        let dot = if path.is_empty() { "" } else { "." };
        Err(JsonFault::Field { field: [&path, dot, key].concat(), message: "missing".to_owned() }.into())
    }

    /// Fails if this is no object.
    pub fn object(self) -> Result<(), JsonError> {
        if self.byte() == b'{' { Ok(()) } else { Err(self.expected("an object")) }
    }

    /// The keys of an object's members in the order of the text, each once.
    pub fn keys(self) -> Result<Vec<&'a str>, JsonError> {
        let members = self.as_members().ok_or_else(|| self.expected("an object"))?;
        let mut known = BTreeSet::new();
        Ok(members.map(|(key, _)| key).filter(|key| known.insert(*key)).collect())
    }

    /// The members of an object in the order of the text, also those whose key comes again; `None` for any other value.
    pub fn as_members(self) -> Option<impl Iterator<Item = (&'a str, Node<'a>)>> {
        let text = |key| str::from_utf8(key).unwrap_or_default();
        (self.byte() == b'{').then(|| Members::of(self).map(move |(key, value)| (text(key), value)))
    }

    /// The elements of an array; `None` for any other value.
    pub fn as_items(self) -> Option<impl Iterator<Item = Node<'a>>> {
        let first = Node { at: self.at + 1, ..self };
        (self.byte() == b'[').then_some(Items { next: first, given: false })
    }

    /// The text of a string; `None` for any other value.
    pub fn as_text(self) -> Option<&'a str> {
        self.document.text(self.at)
    }

    /// The elements of an array.
    pub fn items(self) -> Result<impl Iterator<Item = Node<'a>>, JsonError> {
        self.as_items().ok_or_else(|| self.expected("an array"))
    }

    /// The text of a string.
    pub fn text(self) -> Result<&'a str, JsonError> {
        self.as_text().ok_or_else(|| self.expected("a string"))
    }

    /// The text of the member `key`, if it is there and a string.
    pub fn text_of(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_text()
    }

    /// The member `key`, if it is there and a whole number.
    pub fn whole_of(self, key: &str) -> Option<u64> {
        self.get(key)?.as_whole()
    }

    /// `true` or `false`.
    pub fn flag(self) -> Result<bool, JsonError> {
        match self.byte() {
            b't' => Ok(true),
            b'f' => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number from 0 on.
    pub fn whole(self) -> Result<u64, JsonError> {
        self.as_whole().ok_or_else(|| self.expected("a whole number"))
    }

    /// A number without sign, fraction and exponent, up to `u64::MAX`.
    fn as_whole(self) -> Option<u64> {
        str::from_utf8(self.document.token(self.at)).ok()?.parse().ok()
    }

    /// Any number. Of one with more than 19 digits, or far from 1, only most of the digits count.
    pub fn number(self) -> Result<f64, JsonError> {
        match self.byte() {
            b'-' | b'0'..=b'9' => Ok(number(self.document.token(self.at))),
            _ => Err(self.expected("a number")),
        }
    }

    /// An error at this place. `message` is a sentence fragment in lower case.
    pub fn error(self, message: impl Into<String>) -> JsonError {
        JsonFault::Field { field: self.document.path(self.at), message: message.into() }.into()
    }

    /// The found value is named by its type only: it may be a key that slipped into the wrong field.
    fn expected(self, what: &str) -> JsonError {
        let found = match self.byte() {
            b'n' => "null",
            b't' | b'f' => "a boolean",
            QUOTE => "a string",
            b'[' => "an array",
            b'{' => "an object",
            _ => "a number",
        };
        self.error(["expected ", what, ", found ", found].concat())
    }

    /// The first byte, which tells the type.
    fn byte(self) -> u8 {
        self.document.byte(self.at)
    }

    /// The node behind this value and what separates them.
    fn next(self) -> Node<'a> {
        Node { at: self.document.skip(self.at) + 1, ..self }
    }
}

/// The members of an object, each with the bytes of its key.
struct Members<'a> {
    /// The next key, or what is behind the last value. `None` if there is no object.
    key: Option<Node<'a>>,
}

impl<'a> Members<'a> {
    fn of(node: Node<'a>) -> Members<'a> {
        Members { key: (node.byte() == b'{').then_some(Node { at: node.at + 1, ..node }) }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let Node { document, at } = self.key?;
        let key = document.string(at)?;
        // Two quotes and a colon.
        let value = Node { document, at: at + key.len() + 3 };
        self.key = Some(value.next());
        Some((key, value))
    }
}

/// The elements of an array.
struct Items<'a> {
    next: Node<'a>,
    /// Whether `next` was given out already. It is gone over only when there shall be another one.
    given: bool,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.given {
            self.next = self.next.next();
        }
        self.given = true;
        (!matches!(self.next.byte(), 0 | b',' | b'}' | b']')).then_some(self.next)
    }
}

/// The value of a JSON number. Powers of ten are exact up to 22 digits, which is more than anything here has.
fn number(token: &[u8]) -> f64 {
    let mut digits: u64 = 0;
    let mut exponent: i32 = 0;
    let mut fraction = false;
    let mut rest = token.iter();
    for byte in rest.by_ref() {
        match byte {
            b'.' => fraction = true,
            b'0'..=b'9' => {
                // What does not fit any more changes the exponent alone.
                let more = digits.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(byte - b'0')));
                digits = more.unwrap_or(digits);
                exponent += i32::from(more.is_none()) - i32::from(fraction);
            }
            b'e' | b'E' => break,
            _ => {}
        }
    }
    let given = rest.as_slice();
    let size = given
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0_i32, |size, digit| size.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
    let size = if digits == 0 { 0 } else { size };
    exponent = exponent.saturating_add(if given.first() == Some(&b'-') { -size } else { size });
    let power = (0..exponent.unsigned_abs().min(400)).fold(1.0, |power, _| power * 10.0);
    let value = digits as f64;
    let value = if exponent < 0 { value / power } else { value * power };
    if token.first() == Some(&b'-') { -value } else { value }
}
