//! `remember` and `recall`: notes in `notes/` beside the sessions, a file for each key.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use crate::{
    files::{FileFault, Files},
    text::sort_backwards,
    workspace::{Answer, Fault, join},
};

const DIRECTORY: &str = "notes";
const EXTENSION: &str = ".txt";

/// The maximum size of a note in bytes.
const MAX_NOTE: usize = 16 * 1024;

/// The maximum number of notes.
const MAX_NOTES: usize = 500;

/// Keeps `text` under `key`; removes the note if it is empty.
pub(crate) fn remember(home: &mut dyn Files, key: &str, text: &str) -> Answer {
    let path = path(key)?;
    if text.is_empty() {
        home.remove(&path, &None)?;
        return Ok("the note is removed".into());
    }
    let known = keys(home)?;
    if text.len() > MAX_NOTE || (known.len() >= MAX_NOTES && !known.iter().any(|other| other == key)) {
        return Err("a note has at most 16 KiB, and there are at most 500 notes: an empty text removes one");
    }
    if home.stat(DIRECTORY) == Err(FileFault::NotFound) {
        home.make_directory(DIRECTORY, &None)?;
    }
    home.write(&path, &None, text.as_bytes())?;
    Ok("the note is kept".into())
}

/// Returns the note of `key`, or all keys if it is empty.
pub(crate) fn recall(home: &mut dyn Files, key: &str) -> Answer {
    if key.is_empty() {
        let keys = keys(home)?;
        return Ok(if keys.is_empty() {
            "there are no notes".into()
        } else {
            keys.join("\n")
        });
    }
    let path = path(key)?;
    let stat = home.stat(&path)?;
    let bytes = home.read(&path, stat.identity, 0, MAX_NOTE)?;
    String::from_utf8(bytes).map_err(|_| "the note is not UTF-8")
}

/// Returns the keys of all notes, sorted.
fn keys(home: &mut dyn Files) -> Result<Vec<String>, Fault> {
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
        Err(fault) => return Err(fault.into()),
    }
    sort_backwards(&mut keys);
    keys.reverse();
    Ok(keys)
}

/// Returns the path of a note. Keys are lower-case letters, digits, `-` and `_`, so that they are different
/// files on every system.
fn path(key: &str) -> Answer {
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if key.is_empty() || key.len() > 64 || !key.bytes().all(is_key) {
        return Err("a key is 1 to 64 lower-case letters, digits, `-` and `_`");
    }
    Ok(join(DIRECTORY, &[key, EXTENSION].concat()))
}
