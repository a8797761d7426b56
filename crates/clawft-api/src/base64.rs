//! Base64, as far as documents need it.

use alloc::{string::String, vec::Vec};

use clawft_types::memory;

/// Returns the text that `data` encodes; `None` if it is not base64 or the content is not UTF-8.
pub(crate) fn decode_text(data: &str) -> Option<String> {
    let digits = data.trim_ascii().trim_end_matches('=').as_bytes();
    let mut bytes = Vec::new();
    memory::reserve(&mut bytes, digits.len() / 4 * 3 + 3).ok()?;
    for group in digits.chunks(4) {
        let word = group
            .iter()
            .try_fold(0_u32, |word, digit| Some(word << 6 | value(*digit)?))?;
        let missing = 4_u32.checked_sub(u32::try_from(group.len()).ok()?)?;
        let [_, all @ ..] = (word << (6 * missing)).to_be_bytes();
        bytes.extend(
            all.iter()
                .take(group.len().checked_sub(1).filter(|count| *count > 0)?),
        );
    }
    String::from_utf8(bytes).ok()
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_texts_and_refuses_others() {
        for (data, text) in [
            ("", Some("")),
            ("YQ==", Some("a")),
            ("YWI=", Some("ab")),
            ("YWJj", Some("abc")),
            ("YWJjw6k", Some("abcé")),
            ("YWJjZA", Some("abcd")),
            ("Y", None),
            ("YW J", None),
            ("/w==", None),
        ] {
            assert_eq!(decode_text(data).as_deref(), text, "{data}");
        }
    }
}
