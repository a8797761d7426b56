//! Our own JSON documents compared with serde_json's tree.

use std::collections::BTreeMap;

use clawft_types::json::{self, Node};
use serde_json::Value;

/// Both parsers accept a text with the same value, or both reject it.
pub fn check(bytes: &[u8]) {
    // Ours skips a byte order mark, which serde_json rejects.
    let theirs = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match (
        json::parse(bytes),
        serde_json::from_slice::<Value>(&mended(theirs)),
    ) {
        (Ok(ours), Ok(theirs)) => assert!(same(Node::root(&ours), &theirs), "{ours:?} is not {theirs}"),
        (Err(error), Err(_)) => crate::wording::check(&error.to_string()),
        // A number out of range is no reason to reject the others.
        (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
        (Ok(ours), Err(error)) => panic!("{ours:?} was taken: {error}"),
        (Err(error), Ok(theirs)) => panic!("{theirs} was refused: {error}"),
    }
}

/// Replaces each half of a character in an escape, which serde_json refuses, as our parser does.
fn mended(text: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
        u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        at += match (text[at], unit(at), unit(at + 6)) {
            (b'\\', Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (b'\\', Some(0xd800..0xe000), _) => {
                mended[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            (b'\\', ..) => 2,
            _ => 1,
        };
    }
    mended
}

fn same(ours: Node<'_>, theirs: &Value) -> bool {
    match theirs {
        Value::Null => is_null(ours),
        Value::Bool(theirs) => ours.flag() == Ok(*theirs),
        Value::String(theirs) => ours.as_text() == Some(theirs),
        Value::Number(theirs) => {
            let near =
                |ours: f64, theirs: f64| (ours - theirs).abs() <= theirs.abs() * 1e-12 + f64::MIN_POSITIVE;
            ours.whole().ok() == theirs.as_u64()
                && ours
                    .number()
                    .is_ok_and(|ours| theirs.as_f64().is_some_and(|theirs| near(ours, theirs)))
        }
        Value::Array(theirs) => {
            let items: Vec<_> = ours.as_items().into_iter().flatten().collect();
            ours.as_items().is_some()
                && items.len() == theirs.len()
                && items
                    .into_iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| same(ours, theirs))
        }
        Value::Object(theirs) => {
            // Of two members with the same key the last one counts.
            let members: BTreeMap<_, _> = ours.as_members().into_iter().flatten().collect();
            ours.keys().is_ok_and(|keys| keys.len() == theirs.len())
                && theirs.iter().all(|(key, theirs)| {
                    let found = members.get(key.as_str()).is_some_and(|ours| same(*ours, theirs));
                    found && ours.get(key).is_some() != theirs.is_null()
                })
        }
    }
}

/// Returns whether the value is of no other type.
fn is_null(node: Node<'_>) -> bool {
    let error = node.text().expect_err("null is not text").to_string();
    error.ends_with("found null")
}
