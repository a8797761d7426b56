//! Sessions as files, `sessions/<id>.json` below the base directory.

use super::Error;
use crate::console;
use crate::fs::{FsError, WasiFileSystem};
use clawft_types::{Session, SessionError, SessionId};

fn path(id: &SessionId) -> String {
    ["sessions/", id.as_str(), ".json"].concat()
}

/// The session of that id, or a new one. A damaged file is kept under another name, and the user is told.
pub(super) fn load(fs: &WasiFileSystem, id: SessionId) -> Result<Session, Error> {
    let path = path(&id);
    let bytes = match fs.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Session::new(id)),
        Err(error) => return Err(error.into()),
    };
    match Session::parse(&bytes) {
        // The file's name counts: it may be a copy of another session.
        Ok(session) => Ok(Session { id, ..session }),
        Err(SessionError::Damaged(cause)) => {
            let aside = fs.set_aside(&path, "damaged")?;
            let text = [
                "session `",
                id.as_str(),
                "` is damaged (",
                &cause.to_string(),
                "): it is kept as `",
                &aside,
            ];
            console::say("warning", &[&text.concat(), "` and a new one begun"].concat());
            Ok(Session::new(id))
        }
        Err(error) => Err(Error::Session { path: fs.resolve(&path)?, error }),
    }
}

/// Writes the session whole or not at all.
pub(super) fn store(fs: &WasiFileSystem, session: &Session) -> Result<(), FsError> {
    fs.write(&path(&session.id), &session.to_json())
}
