//! Redaction of provider messages, which may hold anything: the key, control sequences, a whole web page.

use alloc::{borrow::Cow, string::String};

use clawft_types::{Secret, search::contains, text::Ascii as _};

/// The maximum length of a quoted text, in characters.
const MAX_CHARS: usize = 300;

/// The number of bytes of a text that are read: an error page of megabytes is not searched for the key.
const MAX_BYTES: usize = 4096;

/// A word that holds this many consecutive characters of the key counts as a part of it.
const KEY_RUN: usize = 6;

/// Returns `text` as one line of at most [`MAX_CHARS`] without the key.
pub fn one_line(text: &str, key: Option<&Secret>) -> String {
    let key = key.map_or("", Secret::expose);
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let is_json = matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['));
    let mut line = String::new();
    let mut chars = 0;
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
            chars += 1;
        }
        for c in masked(word, key, is_json).chars() {
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

/// Returns `word` without the key. Of JSON only the texts that hold it are replaced.
fn masked<'a>(word: &'a str, key: &str, is_json: bool) -> Cow<'a, str> {
    if !shows(word, key) {
        return Cow::Borrowed(word);
    }
    if !is_json || contains(key, "\"") {
        return Cow::Borrowed(Secret::MASK);
    }
    let mut line = String::new();
    for (index, text) in word.pieces(b'"').enumerate() {
        if index > 0 {
            line.push('"');
        }
        line.push_str(if shows(text, key) { Secret::MASK } else { text });
    }
    Cow::Owned(line)
}

/// Returns whether `text` holds the key or a part of it. Providers mask keys in their own ways and leave a
/// few characters at both ends (`sk-ab****wxyz`), so a text that is already masked is never shown either.
fn shows(text: &str, key: &str) -> bool {
    if key.is_empty() {
        return false;
    }
    let run = key.len().min(KEY_RUN);
    contains(text, "**")
        || key
            .as_bytes()
            .windows(run)
            .any(|part| find(text.as_bytes(), part))
}

/// Returns whether `text` holds the key, or a part of it as providers mask it.
pub(crate) fn shows_key(text: &str, key: Option<&Secret>) -> bool {
    shows(text, key.map_or("", Secret::expose))
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
    fn masks_texts_of_json() {
        assert_eq!(
            quoted(r#"{"code":7,"got":"Bearer abcdef","x":["abcdefgh"]}"#, "abcdefgh"),
            r#"{"code":7,"got":"Bearer ***","x":["***"]}"#
        );
        assert_eq!(quoted(r#"{"a":"a"b"}"#, r#"a"b"#), "***");
    }
}
