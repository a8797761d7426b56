//! `remember` and `recall`: notes in `notes/` beside the sessions, a file for each key.

use crate::files::{FileFault, Files, Kind};
use crate::text::number;
use crate::workspace::{Answer, failed, join};
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

const DIRECTORY: &str = "notes";
const EXTENSION: &str = ".txt";

/// The maximum length of a key.
const MAX_KEY: usize = 64;

/// The maximum size of a note in bytes.
const MAX_NOTE: usize = 16 * 1024;

/// The maximum number of notes.
const MAX_NOTES: usize = 500;

/// Keeps `text` under `key`; removes the note if it is empty.
pub(crate) fn remember(home: &mut dyn Files, key: &str, text: &str) -> Answer {
    let path = path(key)?;
    if text.len() > MAX_NOTE {
        return Err(["a note has at most ", &number(MAX_NOTE), " bytes"].concat());
    }
    if text.is_empty() {
        return match home.remove(&path) {
            Ok(()) => Ok("the note is removed".to_owned()),
            Err(FileFault::NotFound) => Err(no_note(key)),
            Err(fault) => Err(failed("remove", key, fault)),
        };
    }
    let known = keys(home)?;
    if known.len() >= MAX_NOTES && !known.iter().any(|other| other == key) {
        return Err("there are too many notes: remove one by remembering an empty text".to_owned());
    }
    let made = match home.stat(DIRECTORY) {
        Err(FileFault::NotFound) => home.make_directory(DIRECTORY),
        found => found.map(drop),
    };
    made.and_then(|()| home.write(&path, text.as_bytes()))
        .map_err(|fault| failed("keep", key, fault))?;
    Ok("the note is kept".to_owned())
}

/// Returns the note of `key`, or without one all keys.
pub(crate) fn recall(home: &mut dyn Files, key: Option<&str>) -> Answer {
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let keys = keys(home)?;
        return Ok(if keys.is_empty() {
            "there are no notes".to_owned()
        } else {
            keys.join("\n")
        });
    };
    let path = path(key)?;
    let read = home.stat(&path).and_then(|stat| match stat.kind {
        Kind::File => home.read(&path, stat.identity, 0, MAX_NOTE),
        _ => Err(FileFault::NotFound),
    });
    match read {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(FileFault::NotFound) => Err(no_note(key)),
        Err(fault) => Err(failed("recall", key, fault)),
    }
}

/// Returns the keys of all notes, sorted.
fn keys(home: &mut dyn Files) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    let listed = home.stat(DIRECTORY).and_then(|stat| {
        home.names(DIRECTORY, stat.identity, &mut |name| {
            if let Some(key) = name.strip_suffix(EXTENSION) {
                keys.push(key.to_owned());
            }
            // Others may have put files there.
            keys.len() < 2 * MAX_NOTES
        })
    });
    match listed {
        Ok(()) | Err(FileFault::NotFound) => {}
        Err(fault) => return Err(failed("list", DIRECTORY, fault)),
    }
    keys.sort_unstable();
    Ok(keys)
}

/// Returns the path of a note. Keys are lower-case letters, digits, `-` and `_`, so that they are different
/// files on every system.
fn path(key: &str) -> Answer {
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(is_key) {
        return Err("a key is 1 to 64 lower-case letters, digits, `-` and `_`".to_owned());
    }
    Ok(join(DIRECTORY, &[key, EXTENSION].concat()))
}

fn no_note(key: &str) -> String {
    ["there is no note `", key, "`"].concat()
}
