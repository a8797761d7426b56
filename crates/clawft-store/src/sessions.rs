//! Sessions as files, `sessions/<id>.json` below the base directory.
//!
//! Nobody has a session to himself for a whole turn: a model may take minutes. A turn reads the session at its beginning,
//! and at its end, under a lock, adds its own messages to what is there by then. So none of two turns at the same time is
//! lost, and none waits for the other's model.

mod error;

pub use error::StoreError;

use crate::fs::{FileSystem, FsError, FsFault, Lock};
use clawft_types::session::Pieces;
use clawft_types::{Session, SessionError, SessionId};

/// Where they are, below the base directory.
const FOLDER: &str = "sessions";

/// How the name of a session's file ends.
const ENDING: &str = ".json";

/// How often a lock may be lost before the answer is not stored.
const ATTEMPTS: u32 = 3;

/// Takes what a user should be told though all goes on: a sentence fragment.
pub type Warn<'a> = &'a mut dyn FnMut(&str);

/// The sessions below one base directory.
#[derive(Clone)]
pub struct Sessions {
    fs: FileSystem,
}

impl Sessions {
    /// The sessions below the base directory of `fs`.
    pub fn new(fs: FileSystem) -> Self {
        Self { fs }
    }

    /// The files that they are among.
    pub fn fs(&self) -> &FileSystem {
        &self.fs
    }

    /// The session of that id, or a new one. A damaged file is kept under another name and warned of.
    ///
    /// # Errors
    /// If there is a file that cannot be read, or one that a newer version wrote.
    pub fn load(&self, id: SessionId, warn: Warn<'_>) -> Result<Session, StoreError> {
        Ok(self.find(&id, warn)?.unwrap_or_else(|| Session::new(id)))
    }

    /// Adds to the stored session what `session` has beyond the `known` messages that it was loaded with. A file damaged
    /// meanwhile is kept under another name and warned of.
    ///
    /// # Errors
    /// If the file cannot be read or written; it is then as it was.
    pub fn store(&self, session: &Session, known: usize, warn: Warn<'_>) -> Result<(), StoreError> {
        let mut attempt = 1;
        loop {
            let lock = self.lock(&session.id)?;
            let stored = self.find(&session.id, warn)?;
            let known = stored.as_ref().map_or(0, |_| known.min(session.messages.len()));
            let before = stored.as_ref().map_or(&[][..], |stored| &stored.messages);
            let mut content = Pieces::new(&session.id, before, &session.messages[known..]);
            match self.fs.write_locked(&lock, &path(&session.id, ENDING), &mut content) {
                Err(error) if error.fault == FsFault::Locked && attempt < ATTEMPTS => attempt += 1,
                written => return Ok(written?),
            }
        }
    }

    /// The session of that id as it is, for looking at; `None` if there is none. A damaged file stays where it is.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is of a newer version.
    pub fn read(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let path = path(id, ENDING);
        let Some(bytes) = self.bytes(&path)? else { return Ok(None) };
        match Session::parse_owned(bytes) {
            // The file's name counts: it may be a copy of another session.
            Ok(session) => Ok(Some(Session { id: id.clone(), ..session })),
            Err(error) => Err(StoreError::Session { path: self.fs.resolve(&path)?, error }),
        }
    }

    /// The ids of all sessions, sorted. What else is in the directory is passed over: locks, what was set aside.
    ///
    /// # Errors
    /// If there is a directory of sessions and it cannot be read.
    pub fn list(&self) -> Result<Vec<SessionId>, StoreError> {
        let names = match self.fs.list_dir(FOLDER) {
            Err(error) if error.is_not_found() => Vec::new(),
            names => names?,
        };
        let mut ids: Vec<SessionId> =
            names.iter().filter_map(|name| name.strip_suffix(ENDING)?.parse().ok()).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Removes the session of that id and says whether there was one.
    ///
    /// # Errors
    /// If there is one that cannot be removed.
    pub fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let path = path(id, ENDING);
        if !self.fs.exists(&path) {
            return Ok(false);
        }
        // Nobody is then between reading the session and writing it back.
        let _lock = self.lock(id)?;
        match self.fs.remove_file(&path) {
            Err(error) if error.is_not_found() => Ok(false),
            removed => Ok(removed.map(|()| true)?),
        }
    }

    /// The whole path of the session's file, whether or not it is there.
    ///
    /// # Errors
    /// Never, since an id cannot lead out of the directory; but that is for the file system to say.
    pub fn path(&self, id: &SessionId) -> Result<String, FsError> {
        self.fs.resolve(&path(id, ENDING))
    }

    /// That a lock cannot be had means to the user that the session cannot be written.
    fn lock(&self, id: &SessionId) -> Result<Lock, StoreError> {
        let session = self.path(id)?;
        let lock = self.fs.lock(&path(id, ".lock"));
        Ok(lock.map_err(|error| FsError { operation: "write", path: session, ..error })?)
    }

    /// The stored session of that id. A damaged file is kept under another name.
    fn find(&self, id: &SessionId, warn: Warn<'_>) -> Result<Option<Session>, StoreError> {
        let cause = match self.read(id) {
            Err(StoreError::Session { error: SessionError::Damaged(cause), .. }) => cause,
            found => return found,
        };
        let aside = match self.fs.set_aside(&path(id, ENDING), "damaged") {
            // Another process was faster, and has told.
            Err(error) if error.is_not_found() => return Ok(None),
            aside => aside?,
        };
        let text =
            ["session `", id.as_str(), "` is damaged (", &cause.to_string(), "): it is kept as `", &aside];
        warn(&[&text.concat(), "` and a new one begun"].concat());
        Ok(None)
    }

    /// What the file holds; `None` if there is none.
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, FsError> {
        match self.fs.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn path(id: &SessionId, ending: &str) -> String {
    [FOLDER, "/", id.as_str(), ending].concat()
}

#[cfg(test)]
mod tests;
