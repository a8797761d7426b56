//! Describes the differences of two files, as deep inside as their format is known.

use std::{fmt::Write as _, io::Read as _, str};

use builds::budget::grouped;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::{archive, wasm};

/// The maximum number of characters of a line in a message.
const LONGEST: usize = 120;

/// Returns the differences between `made` and `again`, a phrase each; empty if the bytes are equal.
pub(super) fn differences(made: &[u8], again: &[u8]) -> Vec<String> {
    if made == again {
        return Vec::new();
    }
    let known = compressed(made, again)
        .or_else(|| archive::differences(made, again))
        .or_else(|| wasm::differences(made, again))
        .or_else(|| text(made, again));
    known
        .filter(|found| !found.is_empty())
        .unwrap_or_else(|| vec![bytes(made, again)])
}

/// Prefixes `places`, the differences inside of `what`, with its name.
pub(super) fn inside(what: &str, places: Vec<String>) -> Vec<String> {
    places
        .into_iter()
        .map(|place| format!("{what}: {place}"))
        .collect()
}

fn compressed(made: &[u8], again: &[u8]) -> Option<Vec<String>> {
    let (inner, other) = (decompress(made)?, decompress(again)?);
    if inner == other {
        return Some(vec![format!(
            "same content, compressed differently: {}",
            bytes(made, again)
        )]);
    }
    Some(inside("inside", differences(&inner, &other)))
}

fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inner = Vec::new();
    bytes
        .starts_with(&[0x1f, 0x8b])
        .then(|| GzDecoder::new(bytes).read_to_end(&mut inner).ok())??;
    Some(inner)
}

/// Returns the first line of two texts that differs. JSON is first formatted in several lines, to show the field.
fn text(made: &[u8], again: &[u8]) -> Option<Vec<String>> {
    if let (Some(made), Some(again)) = (laid_out(made), laid_out(again))
        && made != again
    {
        return first_line(&made, &again).map(|place| vec![place]);
    }
    first_line(str::from_utf8(made).ok()?, str::from_utf8(again).ok()?).map(|place| vec![place])
}

fn laid_out(json: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(json).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn first_line(made: &str, again: &str) -> Option<String> {
    let (mut lines, mut others) = (made.lines(), again.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (lines.next(), others.next()) {
            (None, None) => return None,
            (Some(line), Some(other)) if line == other => {}
            (line, other) => {
                let [line, other] = [line, other].map(|it| it.map_or("nothing".to_owned(), quoted));
                return Some(format!(
                    "line {number} is {line}, but {other} in the second build"
                ));
            }
        }
    }
}

fn quoted(line: &str) -> String {
    let line = line.trim();
    let cut: String = line.chars().take(LONGEST).collect();
    if cut.len() < line.len() {
        format!("`{cut}…`")
    } else {
        format!("`{line}`")
    }
}

/// Returns the range in which two byte strings differ, and the number of bytes.
pub(super) fn bytes(made: &[u8], again: &[u8]) -> String {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let first = made.iter().zip(again).take_while(same).count();
    let mut words = if made.len() == again.len() {
        let last = made.len() - made.iter().rev().zip(again.iter().rev()).take_while(same).count();
        let count = made[first..last]
            .iter()
            .zip(&again[first..last])
            .filter(|pair| !same(pair))
            .count();
        format!("bytes {first:#x}..{last:#x}, of which {} differ", grouped(count))
    } else {
        let (one, other) = (grouped(made.len()), grouped(again.len()));
        format!("bytes from {first:#x} on: {one} bytes, but {other} in the second build")
    };
    let shown = |bytes: &[u8]| -> String {
        bytes
            .get(first..)
            .unwrap_or_default()
            .iter()
            .take(8)
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, " {byte:02x}");
                text
            })
    };
    let _ = write!(words, " (first:{}; second:{})", shown(made), shown(again));
    words
}

#[cfg(test)]
mod tests {
    use builds::files;

    use super::*;

    #[test]
    fn finds_no_difference_in_equal_files() {
        assert!(differences(b"abc", b"abc").is_empty());
    }

    #[test]
    fn reports_the_range_of_bytes() {
        let place = bytes(b"\0\x01\x02\x03\x04\x05", b"\0\x01\xff\x03\xfe\x05");
        assert_eq!(
            place,
            "bytes 0x2..0x5, of which 2 differ (first: 02 03 04 05; second: ff 03 fe 05)"
        );
        let place = bytes(b"\0\x01", b"\0\x01\x02");
        assert_eq!(
            place,
            "bytes from 0x2 on: 2 bytes, but 3 in the second build (first:; second: 02)"
        );
    }

    #[test]
    fn reports_first_different_line_of_texts() {
        let found = differences(b"one\ntwo\nthree\n", b"one\n2\n3\n");
        assert_eq!(found, ["line 2 is `two`, but `2` in the second build"]);
        let found = differences(b"one\n", b"one\ntwo\n");
        assert_eq!(found, ["line 2 is nothing, but `two` in the second build"]);
    }

    #[test]
    fn reports_the_field_of_json() {
        let found = differences(br#"{"a":1,"b":{"c":2}}"#, br#"{"a":1,"b":{"c":3}}"#);
        assert_eq!(found, [r#"line 4 is `"c": 2`, but `"c": 3` in the second build"#]);
        let found = differences(br#"{"a": 1}"#, br#"{"a":1}"#);
        assert_eq!(
            found,
            [r#"line 1 is `{"a": 1}`, but `{"a":1}` in the second build"#]
        );
    }

    #[test]
    fn reports_different_line_endings() {
        let found = differences(b"one\r\n", b"one\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("bytes from 0x3 on"), "{found:?}");
    }

    #[test]
    fn compares_content_after_decompression_too() {
        let [one, two] = [&b"one\ntwo\n"[..], b"one\n222"].map(|text| files::gzip(text).unwrap());
        assert_eq!(
            differences(&one, &two),
            ["inside: line 2 is `two`, but `222` in the second build"]
        );
        let mut dated = one.clone();
        dated[4] = 7;
        let found = differences(&one, &dated);
        assert!(
            found[0].starts_with("same content, compressed differently: bytes 0x4..0x5"),
            "{found:?}"
        );
    }
}
