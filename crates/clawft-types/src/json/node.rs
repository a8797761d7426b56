//! Accessors for the values of a document. Every error names the field.

use alloc::{borrow::ToOwned as _, collections::BTreeSet, string::String, vec::Vec};

use super::{
    JsonError, JsonFault,
    document::{Document, QUOTE},
};
use crate::join;

/// A value in a document.
///
/// The path is needed by errors only, and computed when one is made: carrying it along as text made the
/// component some kilobytes larger. Methods that return a `Result` are for required values, those that return
/// an `Option` for optional ones.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document<'a>,
    at: usize,
}

impl<'a> Node<'a> {
    /// Returns the root of a document.
    pub fn root(document: &'a Document<'a>) -> Node<'a> {
        Node { document, at: 0 }
    }

    /// Returns the member `key`. Absent and `null` are the same: many programs write `null` for absent
    /// values.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        let mut found = None;
        for (name, value) in Members::of(self) {
            if name == key.as_bytes() {
                found = Some(value);
            }
        }
        found.filter(|value| !value.is_null())
    }

    /// Returns whether there is a member `key`, `null` included.
    pub fn has(self, key: &str) -> bool {
        Members::of(self).any(|(name, _)| name == key.as_bytes())
    }

    /// Returns the member `key`, or an error if it is missing.
    pub fn require(self, key: &str) -> Result<Node<'a>, JsonError> {
        if let Some(node) = self.get(key) {
            return Ok(node);
        }
        self.object()?;
        let path = self.document.path(self.at);
        let dot = if path.is_empty() { "" } else { "." };
        Err(JsonFault::Field {
            field: [&path, dot, key].concat(),
            message: "missing".to_owned(),
        }
        .into())
    }

    /// Fails if this is not an object.
    pub fn object(self) -> Result<(), JsonError> {
        if self.byte() == b'{' {
            Ok(())
        } else {
            Err(self.expected("an object"))
        }
    }

    /// Returns the keys of an object in the order of the text, each once.
    pub fn keys(self) -> Result<Vec<&'a str>, JsonError> {
        let members = self.as_members().ok_or_else(|| self.expected("an object"))?;
        let mut known = BTreeSet::new();
        Ok(members
            .map(|(key, _)| key)
            .filter(|key| known.insert(*key))
            .collect())
    }

    /// Returns the members of an object in the order of the text, repeated keys included; `None` for any
    /// other value.
    pub fn as_members(self) -> Option<impl Iterator<Item = (&'a str, Node<'a>)>> {
        (self.byte() == b'{').then(|| self.each_member())
    }

    /// Returns the members of an object in the order of the text, repeated keys included; none for any other
    /// value.
    pub fn each_member(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        Members::of(self).map(|(key, value)| (str::from_utf8(key).unwrap_or_default(), value))
    }

    /// Returns the elements of an array; `None` for any other value.
    pub fn as_items(self) -> Option<impl Iterator<Item = Node<'a>>> {
        let first = Node {
            at: self.at + 1,
            ..self
        };
        (self.byte() == b'[').then_some(Items {
            next: first,
            given: false,
        })
    }

    /// Returns the text of a string; `None` for any other value.
    pub fn as_text(self) -> Option<&'a str> {
        self.document.text(self.at)
    }

    /// Returns the elements of an array, or an error for any other value.
    pub fn items(self) -> Result<impl Iterator<Item = Node<'a>>, JsonError> {
        self.as_items().ok_or_else(|| self.expected("an array"))
    }

    /// Returns the text of a string, or an error for any other value.
    pub fn text(self) -> Result<&'a str, JsonError> {
        self.as_text().ok_or_else(|| self.expected("a string"))
    }

    /// Returns the text of the member `key`, if it exists and is a string.
    pub fn text_of(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_text()
    }

    /// Returns the member `key`, if it exists and is a whole number.
    pub fn whole_of(self, key: &str) -> Option<u64> {
        self.get(key)?.as_whole()
    }

    /// Returns a boolean, or an error for any other value.
    pub fn flag(self) -> Result<bool, JsonError> {
        match self.byte() {
            b't' => Ok(true),
            b'f' => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// Returns a whole number from 0 on, or an error for any other value.
    pub fn whole(self) -> Result<u64, JsonError> {
        self.as_whole().ok_or_else(|| self.expected("a whole number"))
    }

    /// Returns a number without sign, fraction and exponent, up to `u64::MAX`; `None` for any other value.
    pub fn as_whole(self) -> Option<u64> {
        str::from_utf8(self.document.token(self.at)).ok()?.parse().ok()
    }

    /// Returns any number. With more than 19 digits, or far from 1, only most of the digits are exact.
    pub fn number(self) -> Result<f64, JsonError> {
        match self.byte() {
            b'-' | b'0'..=b'9' => Ok(number(self.document.token(self.at))),
            _ => Err(self.expected("a number")),
        }
    }

    /// Returns whether this is `null`.
    pub fn is_null(self) -> bool {
        self.byte() == b'n'
    }

    /// Returns the parts of this value in the normal form: by turns what is between strings and the content
    /// of a string, the latter with true.
    pub(super) fn parts(self) -> impl Iterator<Item = (&'a str, bool)> {
        let end = self.document.skip(self.at);
        let text = self.document.range(self.at, end);
        let mut string = true;
        text.split(|byte| *byte == QUOTE).map(move |part| {
            string = !string;
            (str::from_utf8(part).unwrap_or_default(), string)
        })
    }

    /// Returns an error at this value. `message` is a sentence fragment in lower case.
    pub fn error(self, message: impl Into<String>) -> JsonError {
        JsonFault::Field {
            field: self.document.path(self.at),
            message: message.into(),
        }
        .into()
    }

    /// Names the found value by its type only: it may be a key that was put into the wrong field.
    fn expected(self, what: &str) -> JsonError {
        let found = match self.byte() {
            b'n' => "null",
            b't' | b'f' => "a boolean",
            QUOTE => "a string",
            b'[' => "an array",
            b'{' => "an object",
            _ => "a number",
        };
        self.error(join!("expected ", what, ", found ", found))
    }

    /// Returns the first byte, which determines the type.
    fn byte(self) -> u8 {
        self.document.byte(self.at)
    }

    /// Returns the node after this value and its separator.
    fn next(self) -> Node<'a> {
        Node {
            at: self.document.skip(self.at) + 1,
            ..self
        }
    }
}

/// Iterator over the members of an object, each with the bytes of its key.
struct Members<'a> {
    /// The next key, or the position after the last value. `None` if the value is not an object.
    key: Option<Node<'a>>,
}

impl<'a> Members<'a> {
    fn of(node: Node<'a>) -> Members<'a> {
        Members {
            key: (node.byte() == b'{').then_some(Node {
                at: node.at + 1,
                ..node
            }),
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let Node { document, at } = self.key?;
        let key = document.string(at)?;
        // Two quotes and a colon.
        let value = Node {
            document,
            at: at + key.len() + 3,
        };
        self.key = Some(value.next());
        Some((key, value))
    }
}

/// Iterator over the elements of an array.
struct Items<'a> {
    next: Node<'a>,
    /// Whether `next` was already returned. It is skipped only when the next element is requested.
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

/// Returns the value of a JSON number. Powers of ten are exact up to 22 digits, more than any number here
/// has.
fn number(token: &[u8]) -> f64 {
    let mut digits: u64 = 0;
    let mut exponent: i32 = 0;
    let mut fraction = false;
    let mut rest = token.iter();
    for byte in rest.by_ref() {
        match byte {
            b'.' => fraction = true,
            b'0'..=b'9' => {
                // Digits that no longer fit only change the exponent.
                let more = digits
                    .checked_mul(10)
                    .and_then(|tens| tens.checked_add(u64::from(byte - b'0')));
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
        .fold(0_i32, |size, digit| {
            size.saturating_mul(10).saturating_add(i32::from(digit - b'0'))
        });
    let size = if digits == 0 { 0 } else { size };
    exponent = exponent.saturating_add(if given.first() == Some(&b'-') { -size } else { size });
    let power = (0..exponent.unsigned_abs().min(400)).fold(1.0, |power, _| power * 10.0);
    let value = digits as f64;
    let value = if exponent.is_negative() {
        value / power
    } else {
        value * power
    };
    if token.first() == Some(&b'-') {
        -value
    } else {
        value
    }
}
