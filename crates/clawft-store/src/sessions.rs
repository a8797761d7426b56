//! Sessions as files, `sessions/<id>.json` below the base directory.
//!
//! No process locks a session for a whole turn, because a model may take minutes. A turn reads the session at
//! its beginning. At its end it locks the session and adds its own messages to the content stored by then. So
//! two simultaneous turns are both kept, and neither waits for the other's model. A process that loses the
//! lock meanwhile cannot write, and begins again.

mod error;

use clawft_types::text;
pub use error::StoreError;

use clawft_types::{Message, Session, SessionError, SessionId, join, session::Chunks};

use crate::fs::{FileSystem, FsError, FsFault, Wait};

/// The directory of sessions below the base directory.
const DIRECTORY: &str = "sessions";

/// The ending of a session file's name.
const ENDING: &str = ".json";

/// The beginning of the file's name of a session whose id is the name of a device on Windows. No id begins so.
const DEVICE_MARK: &str = "=";

/// The names of Windows' devices, beside numbered ones.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Receives warnings for the user, as sentence fragments.
pub type Warn<'a> = &'a mut dyn FnMut(&str);

/// The sessions below one base directory.
///
/// ```
/// use clawft_store::{FileSystem, Sessions};
/// use clawft_types::{Message, Role, SessionId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path().to_str().ok_or("the path is not UTF-8")?;
/// let sessions = Sessions::new(FileSystem::with_base_path(directory));
/// let id: SessionId = "work".parse()?;
///
/// // A session that is not there yet is empty.
/// let mut session = sessions.load(id.clone())?;
/// let known = session.messages.len();
/// session.messages.push(Message::new(Role::User, "Hello!"));
/// session.messages.push(Message::new(Role::Assistant, "Good morning."));
/// // What another process has stored meanwhile stays: this turn is added to it.
/// sessions.store(&session, known, &mut |warning| eprintln!("{warning}"))?;
///
/// assert_eq!(sessions.list()?, [id.clone()]);
/// assert_eq!(sessions.load(id.clone())?.messages, session.messages);
/// assert!(sessions.remove(&id)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sessions {
    fs: FileSystem,
}

impl Sessions {
    /// Returns the sessions below the base directory of `fs`.
    pub fn new(fs: FileSystem) -> Self {
        Self { fs }
    }

    /// Returns the files that hold the sessions.
    pub fn fs(&self) -> &FileSystem {
        &self.fs
    }

    /// Returns the session with this id, or a new one if there is none or if it is damaged.
    ///
    /// # Errors
    /// If its file cannot be read, or was written by a newer version.
    pub fn load(&self, id: SessionId) -> Result<Session, StoreError> {
        let found = match self.read(&id) {
            Err(StoreError::Session {
                error: SessionError::Damaged(_),
                ..
            }) => None,
            found => found?,
        };
        Ok(found.unwrap_or_else(|| Session::new(id)))
    }

    /// Adds the messages of `session` after the `known` ones, with which it was loaded, to the stored
    /// session. When it returns, the turn survives a power cut. A damaged file is kept under another name,
    /// with a warning.
    ///
    /// # Errors
    /// If the file cannot be read or written; it is then unchanged. [`StoreError::Deleted`] if there were
    /// messages and they are gone.
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
        let (known, new) = session
            .messages
            .split_at_checked(known)
            .unwrap_or((&session.messages, &[]));
        loop {
            let lock = self.fs.lock(DIRECTORY, &name(&session.id), &wait)?;
            let stored = self.stored(&session.id, known, warn)?;
            let (before, new) = match &stored {
                Some(stored) => (stored.messages.as_slice(), new),
                None => (session.messages.as_slice(), &[][..]),
            };
            match lock.publish(&mut Chunks::new(&session.id, before, new)) {
                Err(error) if error.fault == FsFault::Locked && wait.again() => {}
                written => return Ok(written?),
            }
        }
    }

    /// Returns the session with this id without changing anything; `None` if there is none. A damaged file
    /// stays in place.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or was written by a newer version.
    pub fn read(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let path = path(id);
        let Some(bytes) = self.bytes(&path)? else {
            return Ok(None);
        };
        match Session::parse_owned(bytes) {
            // The file's name is the id: the file may be a copy of another session.
            Ok(session) => Ok(Some(Session {
                id: id.clone(),
                ..session
            })),
            Err(error) => Err(StoreError::Session {
                path: self.fs.resolve(&path)?,
                error,
            }),
        }
    }

    /// Returns the ids of all sessions, sorted. Other files in the directory are skipped: locks, and damaged
    /// copies.
    ///
    /// # Errors
    /// If the directory of sessions exists and cannot be read.
    pub fn list(&self) -> Result<Vec<SessionId>, StoreError> {
        let names = match self.fs.list_dir(DIRECTORY) {
            Err(error) if error.is_not_found() => Vec::new(),
            names => names?,
        };
        // Without the ending they have another order.
        let names = names.iter().filter_map(|name| id_of_file(name));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        text::sort(&mut names);
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Removes the session with this id, and returns whether there was one. A turn that is about to be stored
    /// in it fails.
    ///
    /// Takes no lock, because that needs room on the disk, and its holder may be stuck. A turn that has read
    /// the session before the removal loses its lock afterwards; a turn that was stored before is removed as
    /// well.
    ///
    /// # Errors
    /// If the session exists and cannot be removed.
    pub fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let mut found = false;
        loop {
            match self.fs.remove_file(&path(id)) {
                Err(error) if error.is_not_found() => return Ok(found),
                removed => removed?,
            }
            found = true;
            self.fs.revoke(DIRECTORY, &name(id))?;
        }
    }

    /// Removes all messages of the session after the first `keep`, and returns whether there is such a session. A turn
    /// that began before is not stored.
    ///
    /// # Errors
    /// If the file cannot be read or written; it is then unchanged.
    pub fn truncate(&self, id: &SessionId, keep: usize) -> Result<bool, StoreError> {
        let mut wait = Wait::start();
        loop {
            let lock = self.fs.lock(DIRECTORY, &name(id), &wait)?;
            let Some(mut session) = self.read(id)? else {
                return Ok(false);
            };
            session.messages.truncate(keep);
            match lock.publish(&mut Chunks::new(id, &session.messages, &[])) {
                Err(error) if error.fault == FsFault::Locked && wait.again() => {}
                written => return Ok(written.map(|()| true)?),
            }
        }
    }

    /// Stores `session` in place of the stored one, which has the first `keep` messages in common with it and `length`
    /// messages in all. A turn that began before is not stored.
    ///
    /// # Errors
    /// If the file cannot be read or written; it is then unchanged. [`StoreError::Deleted`] if another session is
    /// stored.
    pub fn replace(&self, session: &Session, keep: usize, length: usize) -> Result<(), StoreError> {
        let mut wait = Wait::start();
        let id = &session.id;
        let messages = session.messages.as_slice();
        loop {
            let lock = self.fs.lock(DIRECTORY, &name(id), &wait)?;
            let is_known = |stored: &Session| {
                stored.messages.len() == length && stored.messages.get(..keep) == messages.get(..keep)
            };
            if !self.read(id)?.as_ref().is_some_and(is_known) {
                return Err(StoreError::Deleted);
            }
            match lock.publish(&mut Chunks::new(id, messages, &[])) {
                Err(error) if error.fault == FsFault::Locked && wait.again() => {}
                written => return Ok(written?),
            }
        }
    }

    /// Returns the full path of the session's file, which need not exist.
    ///
    /// # Errors
    /// Never, because an id cannot lead out of the directory; but the file system makes that check.
    pub fn path(&self, id: &SessionId) -> Result<String, FsError> {
        self.fs.resolve(&path(id))
    }

    /// Returns the stored session, which begins with the `known` messages; `None` if the session is to be
    /// written anew.
    fn stored(
        &self,
        id: &SessionId,
        known: &[Message],
        warn: Warn<'_>,
    ) -> Result<Option<Session>, StoreError> {
        match self.read(id) {
            Err(StoreError::Session {
                error: SessionError::Damaged(cause),
                ..
            }) => {
                let path = path(id);
                let copy = self.fs.keep_copy(&path, &self.fs.read(&path)?, "damaged")?;
                let text = join!("session `", id.as_str(), "` is damaged (", &cause.message());
                warn(&join!(
                    &text,
                    "): it is kept as `",
                    &copy,
                    "` and a new one begun"
                ));
                Ok(None)
            }
            Ok(None) if known.is_empty() => Ok(None),
            // It is gone, or a session with another beginning has replaced it.
            stored => {
                let stored = stored?.filter(|it| it.messages.starts_with(known));
                Ok(Some(stored.ok_or(StoreError::Deleted)?))
            }
        }
    }

    /// Returns the content of the file; `None` if it does not exist.
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, FsError> {
        match self.fs.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn path(id: &SessionId) -> String {
    join!(DIRECTORY, "/", mark(id), id.as_str(), ENDING)
}

/// Returns the name of the session's file.
fn name(id: &SessionId) -> String {
    [mark(id), id.as_str(), ENDING].concat()
}

/// Returns the beginning of the file's name.
fn mark(id: &SessionId) -> &'static str {
    if cfg!(windows) && is_device(id.as_str()) {
        DEVICE_MARK
    } else {
        ""
    }
}

/// Returns the id of the session in the file `name`, unchecked; `None` if it is another file.
fn id_of_file(name: &str) -> Option<&str> {
    let id = name.strip_suffix(ENDING)?;
    let marked = id.strip_prefix(DEVICE_MARK).filter(|_| cfg!(windows));
    Some(marked.unwrap_or(id))
}

/// Returns whether Windows opens a device instead of a file with this name, whatever its ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let numbered = |prefix: &str| {
        let rest = stem.get(prefix.len()..).unwrap_or_default();
        let begins = stem
            .get(..prefix.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
        begins && rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit())
    };
    DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests;
