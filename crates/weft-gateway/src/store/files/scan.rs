//! Reads the data for the list from a long session file, chunk by chunk: neither its text nor its tree is
//! ever in memory.

use std::io::Read;

use clawft_types::{
    Role,
    json::{self, Node},
};

use crate::store::title;

/// The number of bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// The maximum number of bytes of a message that are kept for the title.
const MAX_KEPT: usize = 8 * 1024;

/// The longest escape sequence of JSON, in bytes: a surrogate pair. A cut message may end with an incomplete
/// one.
const ESCAPE: usize = 12;

/// The data of a session that the list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) title: String,
    pub(super) messages: usize,
}

/// Reads a session file to its end. Returns `None` if it is not a session, cannot be read, or is no longer
/// `wanted`, which is called between two chunks.
pub(super) fn scan(mut file: impl Read, wanted: &dyn Fn() -> bool) -> Option<Outline> {
    let mut scanner = Scanner::default();
    let mut chunk = vec![0; CHUNK];
    while wanted() {
        match file.read(&mut chunk).ok()? {
            0 => return scanner.end(),
            count => scanner.take_chunk(chunk.get(..count)?)?,
        }
    }
    None
}

/// A partial JSON parser that finds the elements of `messages`.
#[derive(Default)]
struct Scanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The last string among the members of the document, up to the length of `messages`, before the list
    /// begins.
    key: Vec<u8>,
    in_messages: bool,
    /// The number of messages, once the list has begun.
    messages: Option<usize>,
    /// The beginning of the current message, while there is no title.
    kept: Vec<u8>,
    title: Option<String>,
}

impl Scanner {
    /// Processes the next bytes. Returns `None` if the text cannot be a session.
    fn take_chunk(&mut self, chunk: &[u8]) -> Option<()> {
        let mut rest = chunk;
        while let Some((byte, after)) = rest.split_first() {
            self.take(*byte)?;
            rest = if self.is_in_text() {
                skip_text(after)
            } else {
                after
            };
        }
        Some(())
    }

    /// Returns whether the bytes up to the end of the string or the next escape can be skipped.
    fn is_in_text(&self) -> bool {
        self.in_string
            && !self.escaped
            && self.depth > 2
            && (self.title.is_some() || self.kept.len() >= MAX_KEPT)
    }

    /// Processes the next byte. Returns `None` if the text cannot be a session.
    fn take(&mut self, byte: u8) -> Option<()> {
        if self.in_messages && self.title.is_none() && self.depth > 2 && self.kept.len() < MAX_KEPT {
            self.kept.push(byte);
        }
        match byte {
            _ if self.in_string => self.take_in_string(byte),
            b'"' => {
                self.in_string = true;
                if self.depth == 1 {
                    self.key.clear();
                }
            }
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close()?,
            _ => {}
        }
        Some(())
    }

    fn take_in_string(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = true,
            b'"' => self.in_string = false,
            _ if self.depth == 1 && self.key.len() <= b"messages".len() => self.key.push(byte),
            _ => {}
        }
    }

    fn open(&mut self, byte: u8) {
        if self.depth == 1 && byte == b'[' && self.key == b"messages" {
            // If there are two lists, the last one counts.
            *self = Scanner {
                depth: 1,
                in_messages: true,
                messages: Some(0),
                ..Scanner::default()
            };
        } else if self.depth == 2 && self.in_messages {
            self.messages = self.messages.map(|count| count + 1);
            self.kept = vec![byte];
        }
        self.depth += 1;
    }

    fn close(&mut self) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        if self.depth == 2 && self.in_messages && self.title.is_none() {
            self.title = title_of(&self.kept);
        }
        self.in_messages &= self.depth > 1;
        Some(())
    }

    fn end(self) -> Option<Outline> {
        let messages = self.messages.filter(|_| self.depth == 0 && !self.in_string)?;
        Some(Outline {
            title: self.title.unwrap_or_default(),
            messages,
        })
    }
}

/// Returns the rest of `bytes` after the plain text at its beginning.
fn skip_text(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\'))
        .unwrap_or(bytes.len());
    bytes.get(length..).unwrap_or_default()
}

/// Returns the title that a message gives, if it is a user's. `message` may be the beginning of a long one,
/// cut somewhere in its text.
fn title_of(message: &[u8]) -> Option<String> {
    let read = |text: &[u8]| {
        let document = json::parse(text).ok()?;
        let message = Node::root(&document);
        let is_user = message.text_of("role") == Some(Role::User.as_str());
        Some(is_user.then(|| title(message.text_of("content").unwrap_or_default())))
    };
    let cut = |length: usize| read(&[message.get(..message.len().checked_sub(length)?)?, b"\"}"].concat());
    read(message).or_else(|| (0..=ESCAPE).find_map(cut))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Option<(String, usize)> {
        scan(text.as_bytes(), &|| true).map(|outline| (outline.title, outline.messages))
    }

    fn session(messages: &str) -> String {
        format!(r#"{{"version":1,"id":"a","messages":[{messages}]}}"#) + "\n"
    }

    #[test]
    fn counts_messages_and_finds_the_title() {
        let found = |title: &str, count| Some((title.to_owned(), count));
        assert_eq!(outline(&session("")), found("", 0));
        let odd = r#"{"role":"user","content":" \"a]}[{\\\n b"}, {"role":"assistant","content":"{\"role\":[]}","x":{"y":[{}]}}"#;
        assert_eq!(outline(&session(odd)), found(r#""a]}[{\"#, 2));
        let late = r#"{"role":"assistant","content":"a"},{"content":"b","role":"user"}"#;
        assert_eq!(outline(&session(late)), found("b", 2));
        assert_eq!(
            outline(r#"{"other":[{"role":"user"}],"messages":[],"more":[{},{}]}"#),
            found("", 0)
        );
        assert_eq!(
            outline(r#"{"id":"messages","x":[1],"messages":[{}]}"#),
            found("", 1)
        );
    }

    #[test]
    fn finds_title_wherever_long_message_is_cut() {
        for shift in 0..30 {
            let text = "x".repeat(shift) + &r"\ud83d\ude00é\n".repeat(MAX_KEPT);
            let expected = format!("{}\u{1f600}é", "x".repeat(shift));
            let messages = format!(r#"{{"role":"user","content":"{text}"}}"#);
            assert_eq!(outline(&session(&messages)), Some((expected, 1)), "{shift}");
        }
    }

    #[test]
    fn refuses_files_that_are_no_sessions() {
        let whole = session(r#"{"role":"user","content":"a"}"#);
        for text in [
            "",
            "[]",
            "{}",
            "]",
            r#"{"messages":{}}"#,
            whole.trim_end().strip_suffix('}').unwrap(),
        ] {
            assert_eq!(outline(text), None, "{text}");
        }
        assert_eq!(scan(whole.as_bytes(), &|| false), None, "it is not wanted");
    }
}
