//! Text: search in linear time, patterns with `*`, and output that is safe on a terminal.

use alloc::{string::String, vec::Vec};

use clawft_types::text;

/// A text to search for. Searching takes time in proportion to the searched text (Knuth, Morris and Pratt);
/// the search of `str` would add two kilobytes to the component.
pub(crate) struct Needle<'a> {
    bytes: &'a [u8],
    /// For each position, the length of the longest proper prefix that ends there.
    borders: Vec<u32>,
}

impl<'a> Needle<'a> {
    /// Prepares the search for `text`, which is not empty and shorter than 4 GB.
    pub(crate) fn new(text: &'a str) -> Needle<'a> {
        let bytes = text.as_bytes();
        let mut needle = Needle {
            bytes,
            borders: Vec::with_capacity(bytes.len()),
        };
        let mut length = 0;
        for (at, byte) in bytes.iter().enumerate() {
            length = if at == 0 { 0 } else { needle.step(length, *byte) };
            needle.borders.push(length);
        }
        needle
    }

    /// Returns the number of matched bytes after `byte`, when `matched` were before.
    fn step(&self, mut matched: u32, byte: u8) -> u32 {
        loop {
            if self.bytes.get(matched as usize) == Some(&byte) {
                return matched + 1;
            }
            match (matched as usize).checked_sub(1) {
                Some(last) => matched = self.borders.get(last).copied().unwrap_or_default(),
                None => return 0,
            }
        }
    }

    /// Calls `found` with the start of each occurrence in `text`, overlapping ones included, until it returns
    /// false.
    pub(crate) fn find(&self, text: &[u8], found: &mut dyn FnMut(usize) -> bool) {
        let mut matched = 0;
        for (at, byte) in text.iter().enumerate() {
            matched = self.step(matched, *byte);
            if matched as usize == self.bytes.len() && !found(at + 1 - self.bytes.len()) {
                return;
            }
        }
    }
}

/// Returns whether `text` matches `pattern`, in which `*` stands for any text and, with `question`, `?` for
/// any byte.
pub(crate) fn matches(pattern: &str, text: &str, question: bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let mut position = 0;
    let mut at = 0;
    // The pattern after the last `*`, and the text that it is tried on.
    let mut retry = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(position) {
            Some(b'*') => {
                position += 1;
                retry = Some((position, at));
            }
            Some(wanted) if wanted == byte || (question && *wanted == b'?') => {
                position += 1;
                at += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    (position, at) = (after, from + 1);
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(position..)
        .unwrap_or_default()
        .iter()
        .all(|byte| *byte == b'*')
}

/// Returns the longest beginning of `text` with at most `most` bytes.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// Appends `text` to `shown` without characters that could deceive whoever reads it on a terminal: control
/// characters and those that change the direction of text become `U+FFFD`. Tabs are kept.
pub(crate) fn show(shown: &mut String, text: &str) {
    shown.extend(text.chars().map(|character| match character {
        '\t' => '\t',
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => '\u{fffd}',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        character => character,
    }));
}

/// Sorts names backwards. In one place, because each use of a sort is compiled anew.
pub(crate) fn sort_backwards(names: &mut [String]) {
    text::sort(names);
    names.reverse();
}

/// Returns the number as text.
pub(crate) fn number(number: impl TryInto<u64>) -> String {
    text::number(number.try_into().unwrap_or(u64::MAX))
}

/// Returns the number of line breaks.
pub(crate) fn line_breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn occurrences(needle: &str, text: &str) -> Vec<usize> {
        let mut starts = Vec::new();
        Needle::new(needle).find(text.as_bytes(), &mut |start| {
            starts.push(start);
            true
        });
        starts
    }

    #[test]
    fn finds_occurrences_that_overlap_others() {
        assert_eq!(occurrences("aa", "aaa"), [0, 1]);
        assert_eq!(occurrences("abab", "abababxabab"), [0, 2, 7]);
        assert_eq!(occurrences("x", ""), [0; 0]);
    }

    #[test]
    fn star_matches_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("mcp.github.*", "mcp.github.create", true),
            ("mcp.github.*", "mcp.gitlab.create", false),
            ("*_file", "write_file", true),
            ("*a*b", "xaxxab", true),
            ("*a*b", "xaxxa", false),
            ("write_file", "write_files", false),
            ("", "x", false),
            ("?.rs", "a.rs", true),
            ("?.rs", ".rs", false),
        ] {
            assert_eq!(matches(pattern, text, true), expected, "{pattern} {text}");
        }
        assert!(!matches("a?c", "abc", false) && matches("a?c", "a?c", false));
    }

    #[test]
    fn hides_characters_that_deceive() {
        let mut shown = String::new();
        show(&mut shown, "a\x1b[2Jb\u{202e}c\td\u{9b}\r\n");
        assert_eq!(shown, "a\u{fffd}[2Jb\u{fffd}c\td\u{fffd}\u{fffd}\u{fffd}");
    }

    proptest! {
        #[test]
        fn finds_the_same_as_a_naive_search(needle in "[ab]{1,5}", text in "[ab]{0,40}") {
            let naive: Vec<usize> = (0..text.len()).filter(|at| text[*at..].starts_with(&needle)).collect();
            prop_assert_eq!(occurrences(&needle, &text), naive);
        }

        #[test]
        fn beginning_is_a_prefix(text in "\\PC{0,20}", most in 0_usize..30) {
            let start = beginning(&text, most);
            prop_assert!(text.starts_with(start) && start.len() <= most);
        }
    }
}
