//! Recognition of a stream of events by its first bytes.

/// The fields that a stream begins with. A colon alone begins a comment.
const FIELDS: [&[u8]; 6] = [b"data:", b"event:", b"id:", b"retry:", b"error:", b":"];

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// More bytes than are needed to tell.
const MAX: usize = 1024;

/// Returns whether a body is a stream of events; `None` if more than `start` is needed to tell. Some servers
/// send a stream as another type, and some send JSON as a stream: `declared` counts for other text only.
pub fn is_stream(start: &[u8], declared: bool) -> Option<bool> {
    let start = start.get(..MAX).unwrap_or(start);
    let text = start
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(start)
        .trim_ascii_start();
    let may_become = |field: &&[u8]| field.starts_with(text);
    match text.first() {
        Some(b'{' | b'[') => Some(false),
        _ if FIELDS.iter().any(|field| text.starts_with(field)) => Some(true),
        _ if start.len() < MAX && FIELDS.iter().chain(&[BYTE_ORDER_MARK]).any(may_become) => None,
        _ => Some(declared),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_decide_the_format() {
        for (start, known) in [
            ("data: {}", Some(true)),
            ("\u{feff}\n\ndata:x", Some(true)),
            (": comment", Some(true)),
            ("event: ping", Some(true)),
            ("", None),
            (" \n", None),
            ("dat", None),
            (" {\"a\"", Some(false)),
            ("[", Some(false)),
        ] {
            assert_eq!(is_stream(start.as_bytes(), false), known, "{start}");
            assert_eq!(is_stream(start.as_bytes(), true), known, "{start}");
        }
        assert_eq!(is_stream(b"\xef\xbb", false), None);
        for declared in [false, true] {
            assert_eq!(is_stream(b"<html>", declared), Some(declared));
            assert_eq!(is_stream(b"dates", declared), Some(declared));
            assert_eq!(is_stream(&[b' '; MAX], declared), Some(declared));
        }
    }
}
