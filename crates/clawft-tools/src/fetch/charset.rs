//! The encoding of a body: UTF-8, or what older pages use.

use alloc::{borrow::ToOwned as _, string::String};

/// The number of bytes in which a document names its own encoding.
const MAX_HEAD: usize = 1024;

/// The characters of windows-1252 from 0x80 to 0x9f. The others are those of Unicode.
const WINDOWS: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161,
    0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
];

/// Returns the encoding that the media type names, in lower case, or else the beginning of an HTML document;
/// empty if none is named.
pub(super) fn label(content_type: &str, body: &[u8]) -> String {
    let declared = named(content_type);
    if !declared.is_empty() {
        return declared;
    }
    let head = body.get(..MAX_HEAD).unwrap_or(body);
    named(&String::from_utf8_lossy(head).to_ascii_lowercase())
}

fn named(text: &str) -> String {
    const KEY: &str = "charset=";
    let found = text
        .as_bytes()
        .windows(KEY.len())
        .position(|part| part == KEY.as_bytes());
    let value = found
        .and_then(|at| text.get(at + KEY.len()..))
        .unwrap_or_default();
    let value = value.trim_start_matches(['"', '\'', ' ']);
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:.+".contains(&byte);
    let end = value.bytes().position(|byte| !is_label(byte));
    value
        .get(..end.unwrap_or(value.len()))
        .unwrap_or_default()
        .to_owned()
}

/// Returns the text, and whether characters of it are lost because its encoding is not supported. The last character
/// of a body that `is_cut` may be incomplete.
pub(super) fn decode(body: &[u8], label: &str, is_cut: bool) -> (String, bool) {
    let is_utf8 = match str::from_utf8(body) {
        Ok(_) => true,
        Err(error) => is_cut && error.error_len().is_none(),
    };
    // Browsers read all of these, and documents that name no encoding, as windows-1252.
    let is_windows = matches!(
        label,
        "" | "windows-1252" | "cp1252" | "iso-8859-1" | "iso8859-1" | "latin1" | "us-ascii" | "ascii"
    );
    if !is_utf8 && is_windows {
        return (body.iter().map(|byte| windows(*byte)).collect(), false);
    }
    let text = String::from_utf8_lossy(body);
    let is_lossy = !is_utf8 && !label.starts_with("utf");
    (
        text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned(),
        is_lossy,
    )
}

fn windows(byte: u8) -> char {
    match byte {
        0x80..=0x9f => {
            let code = WINDOWS.get(usize::from(byte - 0x80)).copied();
            char::from_u32(code.unwrap_or_default().into()).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, label};

    #[test]
    fn finds_label_in_header_and_document() {
        for (content_type, body, expected) in [
            ("text/html; charset=utf-8", "", "utf-8"),
            ("text/html;charset=\"iso-8859-1\"; x=y", "", "iso-8859-1"),
            ("text/html; charset='latin1'", "", "latin1"),
            ("text/html", "<meta charset=Shift_JIS>", "shift_jis"),
            (
                "text/html",
                "<meta content=\"text/html; charset=koi8-r\">",
                "koi8-r",
            ),
            ("text/html; charset=utf-8", "<meta charset=latin1>", "utf-8"),
            ("text/html", "none", ""),
            ("text/html; charset=", "none", ""),
        ] {
            assert_eq!(
                label(content_type, body.as_bytes()),
                expected,
                "{content_type} {body}"
            );
        }
    }

    #[test]
    fn decodes_utf8_and_windows_1252() {
        for (body, label, expected) in [
            (
                &b"caf\xe9 \x80\x93x\x94"[..],
                "",
                "caf\u{e9} \u{20ac}\u{201c}x\u{201d}",
            ),
            (b"caf\xe9", "iso-8859-1", "caf\u{e9}"),
            ("caf\u{e9}".as_bytes(), "iso-8859-1", "caf\u{e9}"),
            ("\u{feff}a".as_bytes(), "", "a"),
        ] {
            assert_eq!(
                decode(body, label, false),
                (expected.to_owned(), false),
                "{label}"
            );
        }
    }

    #[test]
    fn says_what_is_lost() {
        assert_eq!(
            decode(b"a\x93\xfa", "shift_jis", false),
            ("a\u{fffd}\u{fffd}".to_owned(), true)
        );
        assert_eq!(decode(b"a\xff", "utf-8", false), ("a\u{fffd}".to_owned(), false));
        assert_eq!(decode(b"plain", "shift_jis", false), ("plain".to_owned(), false));
        assert_eq!(decode(b"a\xc3", "", true), ("a\u{fffd}".to_owned(), false));
    }
}
