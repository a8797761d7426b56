//! Kept responses as files, `responses/ID.json`.

use std::{fs, time::SystemTime};

use clawft_store::{FileSystem, FsError};
use weft_agent::Error;

use crate::store::MOST_RESPONSES;

/// The directory in the home directory of the client.
const DIRECTORY: &str = "responses";

/// Keeps a response, and removes the oldest ones if there are too many.
pub(super) fn keep(fs: &FileSystem, id: &str, content: &[u8]) -> Result<(), Error> {
    fs.write(&path(id), content)?;
    make_room(fs);
    Ok(())
}

/// Returns a response; `None` if there is none.
pub(super) fn read(fs: &FileSystem, id: &str) -> Result<Option<Vec<u8>>, Error> {
    found(fs.read(&path(id)))
}

/// Removes a response, and returns whether there was one.
pub(super) fn remove(fs: &FileSystem, id: &str) -> Result<bool, Error> {
    Ok(found(fs.remove_file(&path(id)))?.is_some())
}

fn found<T>(result: Result<T, FsError>) -> Result<Option<T>, Error> {
    match result {
        Err(error) if error.is_not_found() => Ok(None),
        done => Ok(Some(done?)),
    }
}

fn path(id: &str) -> String {
    format!("{DIRECTORY}/{id}.json")
}

fn make_room(fs: &FileSystem) {
    let names = fs.list_dir(DIRECTORY).unwrap_or_default();
    if names.len() <= MOST_RESPONSES {
        return;
    }
    let modified = |name: &String| {
        let path = fs.resolve(&format!("{DIRECTORY}/{name}")).ok()?;
        fs::metadata(path).and_then(|found| found.modified()).ok()
    };
    let mut dated: Vec<(Option<SystemTime>, String)> =
        names.into_iter().map(|name| (modified(&name), name)).collect();
    dated.sort();
    let excess = dated.len().saturating_sub(MOST_RESPONSES);
    for (_, name) in dated.into_iter().take(excess) {
        // Another request may have removed it.
        let _ = fs.remove_file(&format!("{DIRECTORY}/{name}"));
    }
}
