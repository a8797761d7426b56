//! Quoting what a provider said, which may hold anything: the key, control sequences, a whole web page.

use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::Secret;
use clawft_types::completion::error_message;
use clawft_types::json::{self, Node};

/// The longest quotation, in characters.
const MAX_CHARS: usize = 300;

/// How much of a text is looked at, in bytes: an error page of megabytes is not searched for the key.
const MAX_BYTES: usize = 4096;

/// A run of the key's characters this long gives a word away as a part of the key.
const KEY_RUN: usize = 6;

/// The provider's own words in the body of an error response: one line, at most [`MAX_CHARS`] long, without the key.
/// Empty if there are none; an HTML page counts as none.
pub(crate) fn error_body(body: Vec<u8>, key: Option<&Secret>) -> String {
    let start = body.get(..body.len().min(MAX_BYTES)).unwrap_or_default().to_vec();
    match json::parse_owned(body) {
        Ok(document) => quote(error_message(Node::root(&document)).unwrap_or_default(), key),
        Err(_) if start.trim_ascii_start().starts_with(b"<") => String::new(),
        Err(_) => quote(&String::from_utf8_lossy(&start), key),
    }
}

/// `text` in one line, at most [`MAX_CHARS`] long, without the key.
pub(crate) fn quote(text: &str, key: Option<&Secret>) -> String {
    let key = key.map_or("", Secret::expose);
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let mut line = String::new();
    let mut chars = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
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

/// Whether `word` holds the key or a part of it. Providers mask keys in their own ways and leave a few characters at both
/// ends (`sk-ab****wxyz`), so a word that somebody has masked already is never shown either.
fn shows(word: &str, key: &str) -> bool {
    if key.is_empty() {
        return false;
    }
    let run = key.len().min(KEY_RUN);
    word.contains("**") || key.as_bytes().windows(run).any(|part| find(word.as_bytes(), part))
}

fn find(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
