//! Where two files differ, in words: as deep inside as their format is known.

use std::{fmt::Write as _, io::Read as _, str};

use devkit::budget::grouped;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::{archive, wasm};

/// The most characters of a line that are shown.
const LONGEST: usize = 120;

/// Where `again` differs from `made`: a phrase for each place; empty where they are the same bytes.
pub(super) fn differences(made: &[u8], again: &[u8]) -> Vec<String> {
    if made == again {
        return Vec::new();
    }
    let known = compressed(made, again)
        .or_else(|| archive::differences(made, again))
        .or_else(|| wasm::differences(made, again))
        .or_else(|| text(made, again));
    known.filter(|found| !found.is_empty()).unwrap_or_else(|| vec![bytes(made, again)])
}

/// `places`, which are inside of `what`.
pub(super) fn inside(what: &str, places: Vec<String>) -> Vec<String> {
    places.into_iter().map(|place| format!("{what}: {place}")).collect()
}

fn compressed(made: &[u8], again: &[u8]) -> Option<Vec<String>> {
    let (inner, other) = (decompress(made)?, decompress(again)?);
    if inner == other {
        return Some(vec![format!("the same content, compressed differently: {}", bytes(made, again))]);
    }
    Some(inside("inside", differences(&inner, &other)))
}

fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inner = Vec::new();
    bytes.starts_with(&[0x1f, 0x8b]).then(|| GzDecoder::new(bytes).read_to_end(&mut inner).ok())??;
    Some(inner)
}

/// The first line of two texts that differs. JSON is laid out for that: in one line nobody finds anything.
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
                return Some(format!("line {number} is {line}, and made again {other}"));
            }
        }
    }
}

fn quoted(line: &str) -> String {
    let line = line.trim();
    let cut: String = line.chars().take(LONGEST).collect();
    if cut.len() < line.len() { format!("`{cut}…`") } else { format!("`{line}`") }
}

/// The range in which two byte strings differ, and by how much.
pub(super) fn bytes(made: &[u8], again: &[u8]) -> String {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let first = made.iter().zip(again).take_while(same).count();
    let mut words = if made.len() == again.len() {
        let last = made.len() - made.iter().rev().zip(again.iter().rev()).take_while(same).count();
        let count = made[first..last].iter().zip(&again[first..last]).filter(|pair| !same(pair)).count();
        format!("bytes {first:#x}..{last:#x}, of which {} differ", grouped(count))
    } else {
        let (one, other) = (grouped(made.len()), grouped(again.len()));
        format!("bytes from {first:#x} on: {one} bytes, and made again {other}")
    };
    let shown = |bytes: &[u8]| -> String {
        bytes.get(first..).unwrap_or_default().iter().take(8).fold(String::new(), |mut text, byte| {
            let _ = write!(text, " {byte:02x}");
            text
        })
    };
    let _ = write!(words, " (there:{}; again:{})", shown(made), shown(again));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use devkit::files;

    #[test]
    fn equal_files_differ_nowhere() {
        assert!(differences(b"abc", b"abc").is_empty());
    }

    #[test]
    fn of_bytes_the_range_is_told() {
        let place = bytes(b"\0\x01\x02\x03\x04\x05", b"\0\x01\xff\x03\xfe\x05");
        assert_eq!(place, "bytes 0x2..0x5, of which 2 differ (there: 02 03 04 05; again: ff 03 fe 05)");
        let place = bytes(b"\0\x01", b"\0\x01\x02");
        assert_eq!(place, "bytes from 0x2 on: 2 bytes, and made again 3 (there:; again: 02)");
    }

    #[test]
    fn of_texts_the_first_line_is_told() {
        let found = differences(b"one\ntwo\nthree\n", b"one\n2\n3\n");
        assert_eq!(found, ["line 2 is `two`, and made again `2`"]);
        let found = differences(b"one\n", b"one\ntwo\n");
        assert_eq!(found, ["line 2 is nothing, and made again `two`"]);
    }

    #[test]
    fn of_json_in_one_line_the_field_is_told() {
        let found = differences(br#"{"a":1,"b":{"c":2}}"#, br#"{"a":1,"b":{"c":3}}"#);
        assert_eq!(found, [r#"line 4 is `"c": 2`, and made again `"c": 3`"#]);
        let found = differences(br#"{"a": 1}"#, br#"{"a":1}"#);
        assert_eq!(found, [r#"line 1 is `{"a": 1}`, and made again `{"a":1}`"#]);
    }

    #[test]
    fn texts_that_differ_in_how_lines_end_are_not_the_same() {
        let found = differences(b"one\r\n", b"one\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("bytes from 0x3 on"), "{found:?}");
    }

    #[test]
    fn what_is_compressed_is_looked_into() {
        let [one, two] = [&b"one\ntwo\n"[..], b"one\n222"].map(|text| files::gzip(text).unwrap());
        assert_eq!(differences(&one, &two), ["inside: line 2 is `two`, and made again `222`"]);
        let mut dated = one.clone();
        dated[4] = 7;
        let found = differences(&one, &dated);
        assert!(
            found[0].starts_with("the same content, compressed differently: bytes 0x4..0x5"),
            "{found:?}"
        );
    }
}
