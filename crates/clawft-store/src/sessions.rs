//! Sessions as files, `sessions/<id>.json` below the base directory.
//!
//! Nobody has a session to himself for a whole turn: a model may take minutes. A turn reads the session at its beginning,
//! and at its end, under a lock, adds its own messages to what is there by then. So none of two turns at the same time is
//! lost, and none waits for the other's model. Whoever loses the lock meanwhile cannot write, and begins again.

mod error;

pub use error::StoreError;

use crate::fs::{FileSystem, FsError, FsFault, Wait};
use clawft_types::session::Pieces;
use clawft_types::{Message, Session, SessionError, SessionId};

/// Where they are, below the base directory.
const FOLDER: &str = "sessions";

/// How the name of a session's file ends.
const ENDING: &str = ".json";

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

    /// The session of that id, or a new one; also in place of one that is damaged.
    ///
    /// # Errors
    /// If there is a file that cannot be read, or one that a newer version wrote.
    pub fn load(&self, id: SessionId) -> Result<Session, StoreError> {
        let found = match self.read(&id) {
            Err(StoreError::Session { error: SessionError::Damaged(_), .. }) => None,
            found => found?,
        };
        Ok(found.unwrap_or_else(|| Session::new(id)))
    }

    /// Adds to the stored session what `session` has beyond the `known` messages that it was loaded with. When it returns,
    /// the turn survives a power cut. A damaged file is kept under another name and warned of.
    ///
    /// # Errors
    /// If the file cannot be read or written; it is then as it was. [`StoreError::Deleted`] if there were messages and they
    /// are gone.
    pub fn store(&self, session: &Session, known: usize, warn: Warn<'_>) -> Result<(), StoreError> {
        self.store_within(Wait::start(), session, known, warn)
    }

    fn store_within(
        &self,
        mut wait: Wait,
        session: &Session,
        known: usize,
        warn: Warn<'_>,
    ) -> Result<(), StoreError> {
        let (known, new) = session.messages.split_at_checked(known).unwrap_or((&session.messages, &[]));
        loop {
            let lock = self.fs.lock(FOLDER, &name(&session.id), &wait)?;
            let stored = self.stored(&session.id, known, warn)?;
            let (before, new) = match &stored {
                Some(stored) => (stored.messages.as_slice(), new),
                None => (session.messages.as_slice(), &[][..]),
            };
            match lock.publish(&mut Pieces::new(&session.id, before, new)) {
                Err(error) if error.fault == FsFault::Locked && wait.again() => {}
                written => return Ok(written?),
            }
        }
    }

    /// The session of that id as it is, for looking at; `None` if there is none. A damaged file stays where it is.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is of a newer version.
    pub fn read(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let path = path(id);
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

    /// Removes the session of that id and says whether there was one. A turn of it that is about to be stored is not.
    ///
    /// Takes no lock: that needs room on the disk, and whoever holds it may be stuck. A turn that has read the session before
    /// it was removed loses its lock after that, and one that was faster is removed as well.
    ///
    /// # Errors
    /// If there is one that cannot be removed.
    pub fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let mut found = false;
        loop {
            match self.fs.remove_file(&path(id)) {
                Err(error) if error.is_not_found() => return Ok(found),
                removed => removed?,
            }
            found = true;
            self.fs.revoke(FOLDER, &name(id))?;
        }
    }

    /// The whole path of the session's file, whether or not it is there.
    ///
    /// # Errors
    /// Never, since an id cannot lead out of the directory; but that is for the file system to say.
    pub fn path(&self, id: &SessionId) -> Result<String, FsError> {
        self.fs.resolve(&path(id))
    }

    /// The stored session, which begins with the `known` messages; `None` if it is to be written anew.
    fn stored(
        &self,
        id: &SessionId,
        known: &[Message],
        warn: Warn<'_>,
    ) -> Result<Option<Session>, StoreError> {
        match self.read(id) {
            Err(StoreError::Session { error: SessionError::Damaged(cause), .. }) => {
                let path = path(id);
                let copy = self.fs.keep_copy(&path, &self.fs.read(&path)?, "damaged")?;
                let text = ["session `", id.as_str(), "` is damaged (", &cause.to_string()].concat();
                warn(&[&text, "): it is kept as `", &copy, "` and a new one begun"].concat());
                Ok(None)
            }
            Ok(None) if known.is_empty() => Ok(None),
            // It is gone, or one with another beginning has taken its place.
            stored => {
                let stored = stored?.filter(|it| it.messages.starts_with(known));
                Ok(Some(stored.ok_or(StoreError::Deleted)?))
            }
        }
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

fn path(id: &SessionId) -> String {
    [FOLDER, "/", id.as_str(), ENDING].concat()
}

fn name(id: &SessionId) -> String {
    [id.as_str(), ENDING].concat()
}

#[cfg(test)]
mod tests;
