//! Redaction of provider messages, which may hold anything: the key, control sequences, a whole web page.

use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::Secret;
use clawft_types::completion::error_message;
use clawft_types::json::{self, Node};

/// The maximum length of a quoted text, in characters.
const MAX_CHARS: usize = 300;

/// The number of bytes of a text that are read: an error page of megabytes is not searched for the key.
const MAX_BYTES: usize = 4096;

/// A word that holds this many consecutive characters of the key counts as a part of it.
const KEY_RUN: usize = 6;

/// Returns the provider's message from the body of an error response: one line of at most [`MAX_CHARS`]
/// without the key. Empty if there is none; an HTML page counts as none.
pub fn error_message_of(body: Vec<u8>, key: Option<&Secret>) -> String {
    let start = body.get(..body.len().min(MAX_BYTES)).unwrap_or_default().to_vec();
    match json::parse_owned(body) {
        Ok(document) => one_line(error_message(Node::root(&document)).unwrap_or_default(), key),
        Err(_) if start.trim_ascii_start().starts_with(b"<") => String::new(),
        Err(_) => one_line(&String::from_utf8_lossy(&start), key),
    }
}

/// Returns `text` as one line of at most [`MAX_CHARS`] without the key.
pub fn one_line(text: &str, key: Option<&Secret>) -> String {
    let key = key.map_or("", Secret::expose);
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let mut line = String::new();
    let mut chars = 0;
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        let word = if shows(word, key) { Secret::MASK } else { word };
        if !line.is_empty() {
            line.push(' ');
            chars += 1;
        }
        for c in word.chars() {
            if chars >= MAX_CHARS {
                line.push('…');
                return line;
            }
            line.push(c);
            chars += 1;
        }
    }
    line
}

/// Returns whether `word` holds the key or a part of it. Providers mask keys in their own ways and leave a
/// few characters at both ends (`sk-ab****wxyz`), so a word that is already masked is never shown either.
fn shows(word: &str, key: &str) -> bool {
    if key.is_empty() {
        return false;
    }
    let run = key.len().min(KEY_RUN);
    word.contains("**")
        || key
            .as_bytes()
            .windows(run)
            .any(|part| find(word.as_bytes(), part))
}

/// Returns whether `text` holds the key, or a part of it as providers mask it, in any of its words.
pub(crate) fn shows_key(text: &str, key: Option<&Secret>) -> bool {
    let key = key.map_or("", Secret::expose);
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .any(|word| shows(word, key))
}

fn find(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, key: &str) -> String {
        one_line(text, Some(&Secret::new(key)))
    }

    #[test]
    fn masks_a_part_of_the_key() {
        for (text, shown) in [
            ("is abcdef", "is ***"),
            ("is (bcdefg)!", "is ***"),
            ("is abcde", "is abcde"),
            ("is Abcdef", "is Abcdef"),
            ("is ab**yz", "is ***"),
            ("is ab*yz", "is ab*yz"),
            ("ab cdefgh", "ab ***"),
        ] {
            assert_eq!(quoted(text, "abcdefgh"), shown);
        }
        assert_eq!(
            quoted("is xyz and xy", "xyz"),
            "is *** and xy",
            "a short key counts as a whole"
        );
        assert_eq!(
            one_line("is ab**yz", None),
            "is ab**yz",
            "without a key nothing is one"
        );
    }

    #[test]
    fn white_space_and_control_characters_separate_words() {
        assert_eq!(quoted(" a\t\r\n b\u{0}c\u{1b}[0m\u{2028}d ", "k"), "a b c [0m d");
        assert_eq!(quoted(" \n ", "k"), "");
    }

    #[test]
    fn quotes_at_most_300_characters() {
        assert_eq!(quoted(&"é".repeat(300), "k"), "é".repeat(300));
        assert_eq!(
            quoted(&"é".repeat(301), "k"),
            ["é".repeat(300).as_str(), "…"].concat()
        );
        // 150 words and the spaces between them.
        let words = vec!["x"; 150].join(" ");
        assert_eq!(quoted(&[&words, " y"].concat(), "k"), [&words, " …"].concat());
        // Text after the first 4096 bytes is ignored, even if a character lies across that limit.
        let spaces = " ".repeat(4095);
        assert_eq!(quoted(&[&spaces, "éa"].concat(), "k"), "");
        assert_eq!(quoted(&[&spaces, "ab"].concat(), "k"), "a");
    }

    #[test]
    fn quotes_json_and_text_but_no_page() {
        let said = |body: &[u8]| error_message_of(body.to_vec(), None);
        assert_eq!(said(br#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(said(br#"{"code":7}"#), "");
        assert_eq!(said(b"no \xff"), "no \u{fffd}");
        assert_eq!(said(b" \n<html>no</html>"), "");
        assert_eq!(said(&[b' '; 5000]), "");
        let long = [vec![b' '; 4094], b"abc".to_vec()].concat();
        assert_eq!(said(&long), "ab");
    }
}
