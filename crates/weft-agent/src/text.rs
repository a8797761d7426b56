//! Texts in the encodings that editors and shells write.

/// Returns the text in UTF-8, or in UTF-16 with a mark at its beginning, as some programs of Windows write it. `None`
/// if it is neither.
pub fn decode(bytes: Vec<u8>) -> Option<String> {
    match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Returns whether a text begins with the mark of UTF-16.
pub fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_utf8_and_utf16_with_a_mark() {
        for (bytes, text, has_mark) in [
            (&b""[..], Some(""), false),
            (b"a\n", Some("a\n"), false),
            (b"\xef\xbb\xbfa", Some("a"), false),
            (b"\xff\xfea\0\xe4\0", Some("aä"), true),
            (b"\xfe\xff\0a", Some("a"), true),
            (b"\xff", None, false),
            (b"h\xe4", None, false),
            (b"\xff\xfea", None, true),
            (b"\xff\xfe\x00\xd8", None, true),
        ] {
            assert_eq!(decode(bytes.to_vec()).as_deref(), text);
            assert_eq!(is_utf16(bytes), has_mark);
        }
    }
}
