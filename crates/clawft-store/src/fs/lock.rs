//! A lock on a file between processes, for any file system and any target: a file of the holder's own in `.locks`.
//!
//! | step of the holder, for `s.json` | call |
//! |---|---|
//! | enter under a random name, which no other process ever has | create `.locks/s.json+1` |
//! | see whether any other process has entered; if so, leave and wait | list `.locks` |
//! | read what is stored, and write the new content into the lock's own file, which has to exist | write `.locks/s.json+1` |
//! | publish the new content and release the lock: fails if the lock was taken away | rename `.locks/s.json+1` to `s.json` |
//!
//! Of two processes that enter, the later one sees the earlier one: at most one of them is alone.
//!
//! A process takes a lock away by removing the holder's file, by the name that it has seen. The holder cannot publish then, and
//! begins again. No other file has that name, so a removal that comes late harms nobody else. Time therefore decides how long
//! processes wait, and never whether a turn is kept: not the disk's, the scheduler's or the clock's.
//!
//! A lock counts as abandoned if the system reports that its holder is dead, see `remove_abandoned` of the back end, or if
//! nothing about it has changed for [`SILENCE`] by the waiting process's own clock. The file's growth is a change: it renews
//! the lock while its holder is at work.

use super::{Content, FsError, FsFault, backend, make_dirs, sync_parent};
use crate::clock::{self, Stopwatch};
use crate::random;
use std::time::Duration;

/// The nanoseconds without a change after which a lock counts as abandoned. One slow call to the disk fits in: a guest cannot renew its lock during one.
const SILENCE: u64 = 10 * SECOND;

/// The nanoseconds after which a process stops waiting.
const PATIENCE: u64 = 120 * SECOND;

/// The milliseconds before the next look. Up to as many more are added at random, so that two processes that have
/// met do not meet again.
const PAUSE: u64 = 8;

const SECOND: u64 = 1_000_000_000;

/// The time to wait for a lock, over several attempts to use it.
pub(crate) struct Wait {
    since: Stopwatch,
    silence: u64,
    patience: u64,
}

impl Wait {
    /// Begins to wait.
    pub(crate) fn start() -> Self {
        Self { since: Stopwatch::start(), silence: SILENCE, patience: PATIENCE }
    }

    /// [`Self::start`] with other times.
    #[cfg(test)]
    pub(crate) fn with(silence: Duration, patience: Duration) -> Self {
        let [silence, patience] = [silence, patience].map(clock::nanoseconds);
        Self { silence, patience, ..Self::start() }
    }

    /// Notes that the lock was taken away, and returns whether to try again. A process that was too slow for others waits longer
    /// for them from then on: on a very slow disk nobody would ever come to an end otherwise.
    pub(crate) fn again(&mut self) -> bool {
        self.silence = self.silence.wrapping_add(self.silence.min(self.patience));
        !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.since.nanoseconds() > self.patience
    }
}

/// Where the lock on a file is.
pub(super) struct LockPath {
    /// The directory of locks, which need not exist yet.
    pub(super) directory: String,
    /// The beginning of the names of this lock's files. Its last character is in no name of a locked file.
    pub(super) prefix: String,
}

impl LockPath {
    /// Takes the lock, to write the file at `path`.
    pub(super) fn take(&self, path: &str, wait: &Wait) -> Result<Lock, FsFault> {
        let (mut seen, mut size, mut since) = (String::new(), 0, Stopwatch::start());
        loop {
            let (name, _) = self.present()?;
            if name.is_empty() {
                if let Some(lock) = self.enter(path)? {
                    return Ok(lock);
                }
            } else {
                let file = self.file(&name);
                let grown = backend::size(&file).unwrap_or_default();
                if name != seen || grown != size {
                    (seen, size, since) = (name, grown, Stopwatch::start());
                }
                // If it cannot be removed, another process was faster, or this one waits to the end.
                let _ = match since.nanoseconds() > wait.silence {
                    true => backend::remove(&file),
                    false => backend::remove_abandoned(&file),
                };
            }
            if wait.is_over() {
                return Err(FsFault::Locked);
            }
            clock::sleep(Duration::from_millis(PAUSE + random::number() % PAUSE));
        }
    }

    /// Enters, and leaves again if others are present.
    fn enter(&self, path: &str) -> Result<Option<Lock>, FsFault> {
        let own = [self.prefix.as_str(), &backend::holder_name()].concat();
        let file = self.file(&own);
        let claim = match backend::claim(&file) {
            Err(FsFault::NotFound) => {
                make_dirs(&self.directory)?;
                backend::claim(&file)
            }
            claim => claim,
        };
        let lock = Lock { path: path.to_owned(), file, _claim: claim? };
        // The only file may be another one's, if this one's was removed meanwhile.
        Ok((self.present()? == (own, 1)).then_some(lock))
    }

    /// Takes the lock away from the processes that have entered.
    pub(super) fn revoke(&self) -> Result<(), FsFault> {
        loop {
            let (name, _) = self.present()?;
            if name.is_empty() {
                return Ok(());
            }
            match backend::remove(&self.file(&name)) {
                Err(FsFault::NotFound) => {}
                removed => removed?,
            }
        }
    }

    /// Returns the name of one of the files of those that have entered, and how many there are. The name is empty if there are
    /// none.
    fn present(&self) -> Result<(String, usize), FsFault> {
        let (mut found, mut count) = (String::new(), 0);
        let listed = backend::each_name(&self.directory, &mut |name| {
            if name.starts_with(&self.prefix) {
                count += 1;
                found = name.to_owned();
            }
        });
        match listed {
            Err(FsFault::NotFound) => {}
            listed => listed?,
        }
        Ok((found, count))
    }

    fn file(&self, name: &str) -> String {
        [self.directory.as_str(), "/", name].concat()
    }
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// The locked file.
    path: String,
    /// The holder's file.
    file: String,
    /// Tells other processes that the holder is alive, for as long as it is there.
    _claim: backend::Claim,
}

impl Lock {
    /// Writes `content` down to the disk, puts it in the place of the locked file as a whole, and releases the lock.
    ///
    /// # Errors
    /// If that fails; the file is then as it was. With [`FsFault::Locked`] if the lock was taken away.
    pub(crate) fn publish(self, content: Content<'_>) -> Result<(), FsError> {
        let written =
            backend::fill(&self.file, content).and_then(|()| backend::rename(&self.file, &self.path));
        let written = match written {
            Err(FsFault::NotFound) => Err(FsFault::Locked),
            Ok(()) => sync_parent(&self.path),
            written => written,
        };
        written.map_err(|fault| FsError::new("write", &self.path, fault))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // After publishing, or where the lock was taken away, it is no longer there.
        let _ = backend::remove(&self.file);
    }
}

#[cfg(test)]
mod tests;
