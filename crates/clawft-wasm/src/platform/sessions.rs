//! Sessions as files, `sessions/<id>.json` below the base directory.
//!
//! Nobody has a session to himself for a whole turn: a model may take minutes. A turn reads the session at its beginning,
//! and at its end, under a lock, adds its own messages to what is there by then. So none of two turns at the same time is
//! lost, and none waits for the other's model.

use super::Error;
use crate::console;
use crate::fs::{FsError, FsFault, Lock, WasiFileSystem};
use clawft_types::{Session, SessionError, SessionId};

/// How often a lock may be lost before the answer is not stored.
const ATTEMPTS: u32 = 3;

fn path(id: &SessionId, ending: &str) -> String {
    ["sessions/", id.as_str(), ending].concat()
}

/// The session of that id, or a new one.
pub(super) fn load(fs: &WasiFileSystem, id: SessionId) -> Result<Session, Error> {
    Ok(find(fs, &id)?.unwrap_or_else(|| Session::new(id)))
}

/// Adds to the stored session what `session` has beyond the `known` messages that it was loaded with.
pub(super) fn store(fs: &WasiFileSystem, session: &Session, known: usize) -> Result<(), Error> {
    let mut attempt = 1;
    loop {
        let lock = lock(fs, &session.id)?;
        let mut stored = find(fs, &session.id)?;
        if let Some(stored) = &mut stored {
            stored.messages.extend_from_slice(&session.messages[known..]);
        }
        match write(fs, &lock, stored.as_ref().unwrap_or(session)) {
            Err(error) if error.fault == FsFault::Locked && attempt < ATTEMPTS => attempt += 1,
            written => return Ok(written?),
        }
    }
}

/// That a lock cannot be had means to the user that the session cannot be written.
fn lock(fs: &WasiFileSystem, id: &SessionId) -> Result<Lock, Error> {
    let session = fs.resolve(&path(id, ".json"))?;
    let lock = fs.lock(&path(id, ".lock"));
    Ok(lock.map_err(|error| FsError { operation: "write", path: session, ..error })?)
}

fn write(fs: &WasiFileSystem, lock: &Lock, session: &Session) -> Result<(), FsError> {
    fs.write_locked(lock, &path(&session.id, ".json"), &session.to_json())
}

/// The stored session of that id. A damaged file is kept under another name, and the user is told.
fn find(fs: &WasiFileSystem, id: &SessionId) -> Result<Option<Session>, Error> {
    let path = path(id, ".json");
    let bytes = match fs.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match Session::parse(&bytes) {
        // The file's name counts: it may be a copy of another session.
        Ok(session) => Ok(Some(Session { id: id.clone(), ..session })),
        Err(SessionError::Damaged(cause)) => {
            let aside = match fs.set_aside(&path, "damaged") {
                // Another process was faster, and has told.
                Err(error) if error.is_not_found() => return Ok(None),
                aside => aside?,
            };
            let text = [
                "session `",
                id.as_str(),
                "` is damaged (",
                &cause.to_string(),
                "): it is kept as `",
                &aside,
            ];
            console::say("warning", &[&text.concat(), "` and a new one begun"].concat());
            Ok(None)
        }
        Err(error) => Err(Error::Session { path: fs.resolve(&path)?, error }),
    }
}

#[cfg(test)]
mod tests;
