//! The members at the top of a request's body, found without reading the rest.
//!
//! The body is passed on as it came. So nothing below its top is checked: brackets have to match, texts have
//! to end, and what else is wrong is the provider's to say. One scan finds everything, in time proportional
//! to the body.

mod members;

pub use members::with_members;

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::ops::Range;

use clawft_types::json::{self, JsonFault, Node, Writer};

use crate::error::Error;

/// The members that decide where a request goes.
const NAMES: [&str; 4] = ["model", "stream", "stream_options", "previous_response_id"];

/// The members that answers have, and errors do not.
const ANSWERS: [&[u8]; 3] = [b"\"choices\"", b"\"content\"", b"\"output\""];

/// The maximum length of a name that is decoded, in bytes: a longer one is none of [`NAMES`].
const LONGEST_NAME: usize = 128;

/// The places of the known members in a body.
///
/// ```
/// use clawft_api::Envelope;
///
/// let body = br#"{"messages": [{"model": "no"}], "model": "m"}"#;
/// let envelope = Envelope::scan(body)?;
/// assert_eq!(envelope.text(body, "model")?.as_deref(), Some("m"));
/// assert_eq!(envelope.with_model(body, "n"), br#"{"messages": [{"model": "no"}], "model": "n"}"#);
/// # Ok::<(), clawft_api::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Envelope {
    values: [Option<Range<usize>>; NAMES.len()],
    /// Whether the object has no member.
    empty: bool,
    /// The position after the opening bracket.
    start: usize,
    /// Whether it has one of [`ANSWERS`].
    is_answer: bool,
}

impl Envelope {
    /// Scans a body.
    ///
    /// # Errors
    /// If it is no object, is not complete, or has one of the known members twice: the server and the
    /// provider could use different ones.
    pub fn scan(body: &[u8]) -> Result<Envelope, Error> {
        let mut scan = Scan { body, at: 0 };
        let mut envelope = Envelope::default();
        scan.space();
        if scan.next() != Some(b'{') {
            return Err(field("", "the request's body is not a JSON object"));
        }
        envelope.start = scan.at;
        scan.space();
        if scan.peek() == Some(b'}') {
            scan.at += 1;
            envelope.empty = true;
        } else {
            while envelope.member(&mut scan)? {}
        }
        scan.space();
        match scan.peek() {
            None => Ok(envelope),
            Some(_) => Err(scan.error()),
        }
    }

    /// Reads one member. Returns whether another one follows.
    fn member(&mut self, scan: &mut Scan<'_>) -> Result<bool, Error> {
        let (key, value) = scan.member()?;
        let key = scan.body.get(key).unwrap_or_default();
        self.is_answer |= ANSWERS.contains(&key) && scan.body.get(value.clone()) != Some(b"null");
        let known = name(key);
        if let Some((slot, name)) = known.and_then(|at| Some((self.values.get_mut(at)?, *NAMES.get(at)?)))
            && slot.replace(value).is_some()
        {
            return Err(field(name, "given twice"));
        }
        scan.continues()
    }

    /// Returns whether a body is an answer, which has members that an error does not have.
    pub fn is_answer(&self) -> bool {
        self.is_answer
    }

    /// Returns the text of a member; `None` if it is missing or `null`.
    ///
    /// # Errors
    /// If it is not text.
    pub fn text(&self, body: &[u8], name: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.value(body, name) else {
            return Ok(None);
        };
        let wrong = || field(name, "expected a string");
        let tree = json::parse(value).map_err(|_| wrong())?;
        match Node::root(&tree).as_text() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(wrong()),
        }
    }

    /// Returns whether a member is `true`.
    ///
    /// # Errors
    /// If it is neither `true`, `false` nor `null`.
    pub fn flag(&self, body: &[u8], name: &str) -> Result<bool, Error> {
        match self.value(body, name) {
            None | Some(b"false") => Ok(false),
            Some(b"true") => Ok(true),
            Some(_) => Err(field(name, "expected true or false")),
        }
    }

    /// Returns whether a stream has to end with the usage: `stream_options.include_usage`.
    pub fn includes_usage(&self, body: &[u8]) -> bool {
        let tree = self
            .value(body, "stream_options")
            .and_then(|value| json::parse(value).ok());
        let included = tree
            .as_ref()
            .and_then(|tree| Node::root(tree).get("include_usage"));
        included.is_some_and(|flag| flag.flag() == Ok(true))
    }

    /// Returns the bytes of a member's value; `None` if it is missing or `null`.
    pub fn value<'a>(&self, body: &'a [u8], name: &str) -> Option<&'a [u8]> {
        let value = body.get(self.place(name)?)?;
        (value != b"null").then_some(value)
    }

    fn place(&self, name: &str) -> Option<Range<usize>> {
        let at = NAMES.iter().position(|known| *known == name)?;
        self.values.get(at).cloned().flatten()
    }

    /// Returns `body` with another model, or with one if it has none. Everything else stays as it is.
    pub fn with_model(&self, body: &[u8], model: &str) -> Vec<u8> {
        let mut text = Writer::default();
        text.text(model);
        let text = text.into_bytes();
        match self.place("model") {
            Some(place) => {
                let before = body.get(..place.start).unwrap_or_default();
                let after = body.get(place.end..).unwrap_or_default();
                [before, &*text, after].concat()
            }
            None => {
                let (before, after) = body.split_at(self.start.min(body.len()));
                let comma: &[u8] = if self.empty { b"" } else { b"," };
                [before, b"\"model\":", &*text, comma, after].concat()
            }
        }
    }
}

/// Returns the error about a member; an empty name stands for the whole body.
fn field(name: &str, message: &str) -> Error {
    JsonFault::Field {
        field: name.to_owned(),
        message: message.to_owned(),
    }
    .into()
}

/// Returns the index of a known name, which is still between its quotes.
fn name(key: &[u8]) -> Option<usize> {
    let bare = key.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let find = |name: &[u8]| NAMES.iter().position(|known| known.as_bytes() == name);
    if bare.len() <= LONGEST_NAME && bare.contains(&b'\\') {
        // Escapes spell the same name in another way.
        let tree = json::parse(key).ok()?;
        return find(Node::root(&tree).as_text()?.as_bytes());
    }
    find(bare)
}

/// A position in a body.
struct Scan<'a> {
    body: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips a member, and returns the places of its name, with the quotes, and of its value.
    fn member(&mut self) -> Result<(Range<usize>, Range<usize>), Error> {
        self.space();
        let key = self.string()?;
        self.space();
        if self.next() != Some(b':') {
            return Err(self.error());
        }
        self.space();
        let start = self.at;
        self.value()?;
        Ok((key, start..self.at))
    }

    /// Skips the end of a member. Returns whether another one follows.
    fn continues(&mut self) -> Result<bool, Error> {
        self.space();
        match self.next() {
            Some(b',') => Ok(true),
            Some(b'}') => Ok(false),
            _ => Err(self.error()),
        }
    }

    /// Skips a text, and returns its place with the quotes.
    fn string(&mut self) -> Result<Range<usize>, Error> {
        let start = self.at;
        if self.next() != Some(b'"') {
            return Err(self.error());
        }
        loop {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let Some(end) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.body.len();
                return Err(self.error());
            };
            self.at += end + 1;
            if rest.get(end) == Some(&b'"') {
                return Ok(start..self.at);
            }
            self.at += 1;
        }
    }

    /// Skips a value.
    fn value(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{' | b'[') => self.nested(),
            _ => self.literal(),
        }
    }

    /// Skips an object or array, with everything in it.
    fn nested(&mut self) -> Result<(), Error> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth = depth.saturating_sub(1),
                Some(_) => {}
                None => return Err(self.error()),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Skips a number, `true`, `false` or `null`.
    fn literal(&mut self) -> Result<(), Error> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.error())
        } else {
            Ok(())
        }
    }

    /// Returns the error for the current position. The parser of complete texts finds the words.
    fn error(&self) -> Error {
        match json::parse(self.body) {
            Err(error) => error,
            Ok(_) => field("", "the request's body is not JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(body: &str) -> Result<Option<String>, String> {
        Envelope::scan(body.as_bytes())
            .and_then(|envelope| envelope.text(body.as_bytes(), "model"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn finds_members_at_the_top_only() {
        let body = r#" {"messages":[{"model":"no","stream":true,"x":"}\"]{"}], "mod\u0065l" : "a\"b", "stream":false}
        "#;
        assert_eq!(model(body), Ok(Some("a\"b".to_owned())));
        let envelope = Envelope::scan(body.as_bytes()).unwrap();
        assert_eq!(envelope.flag(body.as_bytes(), "stream").ok(), Some(false));
        assert_eq!(model(r#"{"model":null}"#), Ok(None));
        assert_eq!(model("{}"), Ok(None));
    }

    #[test]
    fn tells_answers_from_errors() {
        let is_answer = |body: &str| Envelope::scan(body.as_bytes()).unwrap().is_answer();
        for body in [
            r#"{"choices":[],"error":{}}"#,
            r#"{"error":null,"output":[]}"#,
            r#"{"content":[]}"#,
        ] {
            assert!(is_answer(body), "{body}");
        }
        for body in [
            "{}",
            r#"{"error":{"choices":[]},"choices":null}"#,
            r#"{"detail":"content"}"#,
        ] {
            assert!(!is_answer(body), "{body}");
        }
    }

    #[test]
    fn replaces_model_and_nothing_else() {
        for (body, expected) in [
            ("{}", r#"{"model":"n\"w"}"#),
            (
                r#" { "b":1e3, "b":1.0,"a":"é" } "#,
                r#" {"model":"n\"w", "b":1e3, "b":1.0,"a":"é" } "#,
            ),
            (
                r#"{"z":{"model":"x"},"model" : "old" ,"y":[]}"#,
                r#"{"z":{"model":"x"},"model" : "n\"w" ,"y":[]}"#,
            ),
            (r#"{"model":null}"#, r#"{"model":"n\"w"}"#),
        ] {
            let envelope = Envelope::scan(body.as_bytes()).unwrap();
            let replaced = envelope.with_model(body.as_bytes(), "n\"w");
            assert_eq!(String::from_utf8(replaced).unwrap(), expected);
        }
    }

    #[test]
    fn refuses_what_is_no_complete_object() {
        for body in [
            "",
            "[]",
            "\"{}\"",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":\"b}",
            "{\"a\":[1}",
            "{\"a\":1,}",
            "{} {}",
            "{\"a\":1]",
            "{a:1}",
        ] {
            assert!(model(body).is_err(), "{body}");
        }
        assert_eq!(
            model(r#"{"model":"a","mod\u0065l":"b"}"#),
            Err("model: given twice".to_owned())
        );
        assert_eq!(
            model(r#"{"model":1}"#),
            Err("model: expected a string".to_owned())
        );
    }

    #[test]
    fn reads_what_the_parser_reads() {
        for body in [
            r#"{"model":"m","a":[[],{},[{"b":[1,2,{"c":"]"}]}]],"d":-1.5e+3,"e":true,"f":null}"#,
            "{\"a\":\"\\\\\",\"model\":\"m\"}",
            "{\"a\":\"\\\"\",\"\\\"model\":\"x\",\"model\":\"m\"}",
        ] {
            assert_eq!(model(body), Ok(Some("m".to_owned())), "{body}");
            assert!(json::parse(body.as_bytes()).is_ok());
        }
    }
}
