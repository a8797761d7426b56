//! A lock on a file between processes, for any file system and any target: each holder creates a file of its
//! own in `.locks`.
//!
//! | step of the holder, for `s.json` | call |
//! |---|---|
//! | enter under a random name, which no other process ever uses | create `.locks/s.json+1` |
//! | check whether another process has entered; if so, leave and wait | list `.locks` |
//! | read the stored content, and write the new content into the lock file, which has to exist | write `.locks/s.json+1` |
//! | publish the new content and release the lock: fails if the lock was taken away | rename `.locks/s.json+1` to `s.json` |
//!
//! Of two processes that enter, the later one sees the earlier one: at most one of them is alone.
//!
//! A process takes a lock away by removing the holder's lock file. The holder then cannot publish, and begins
//! again. No other file has that name, so a late removal affects nobody else. Time therefore decides how long
//! processes wait, and never whether a turn is kept, however slow the disk or the scheduler and however wrong
//! a clock.
//!
//! A lock counts as abandoned if the system reports that its holder is dead (`remove_abandoned` of the back
//! end), or if nothing about it has changed for [`SILENCE`] by the waiting process's own clock. Growth of the
//! file is a change: it renews the lock while its holder writes.

use std::time::Duration;

use clawft_types::join;

use super::{Content, FsError, FsFault, backend, make_dirs, sync_parent};
use crate::{
    clock::{self, Stopwatch},
    random,
};

/// The nanoseconds without a change after which a lock counts as abandoned. They cover one slow call to the
/// disk, during which a guest cannot renew its lock.
const SILENCE: u64 = 10 * SECOND;

/// The nanoseconds after which a process stops waiting.
const PATIENCE: u64 = 120 * SECOND;

/// The milliseconds before the next check. A random delay of up to the same length is added, so that two
/// processes that collided do not collide again.
const PAUSE: u64 = 8;

const SECOND: u64 = 1_000_000_000;

/// The time limits for a lock, over several attempts to use it.
pub(crate) struct Wait {
    since: Stopwatch,
    silence: u64,
    patience: u64,
}

impl Wait {
    /// Begins to wait.
    pub(crate) fn start() -> Self {
        Self {
            since: Stopwatch::start(),
            silence: SILENCE,
            patience: PATIENCE,
        }
    }

    /// Does the same as [`Self::start`] with other limits.
    #[cfg(test)]
    pub(crate) fn with(silence: Duration, patience: Duration) -> Self {
        let [silence, patience] = [silence, patience].map(clock::nanoseconds);
        Self {
            silence,
            patience,
            ..Self::start()
        }
    }

    /// Notes that the lock was taken away, and returns whether to try again. From then on this process waits
    /// longer before it takes a lock away: otherwise, on a very slow disk, no process would ever finish.
    pub(crate) fn again(&mut self) -> bool {
        self.silence = self.silence.wrapping_add(self.silence.min(self.patience));
        !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.since.nanoseconds() > self.patience
    }
}

/// The location of a file's lock.
pub(super) struct LockPath {
    /// The directory of lock files, which need not exist yet.
    pub(super) directory: String,
    /// The beginning of the names of this lock's files. Its last character never occurs in the name of a
    /// locked file.
    pub(super) prefix: String,
}

impl LockPath {
    /// Takes the lock in order to write the file at `path`.
    pub(super) fn take(&self, path: &str, wait: &Wait) -> Result<Lock, FsFault> {
        let mut seen = String::new();
        let mut size = 0;
        let mut since = Stopwatch::start();
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
                // If the removal fails, another process was faster, or this one waits to the end.
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

    /// Enters, and leaves again if another process is present.
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
        let lock = Lock {
            path: path.to_owned(),
            file,
            _claim: claim?,
        };
        // The only file may be another process's, if this one's was removed meanwhile.
        Ok((self.present()? == (own, 1)).then_some(lock))
    }

    /// Takes the lock away from all processes that have entered.
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

    /// Returns the name of one of the lock files, and their number. The name is empty if there are none.
    fn present(&self) -> Result<(String, usize), FsFault> {
        let mut found = String::new();
        let mut count = 0;
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
        join!(self.directory.as_str(), "/", name)
    }
}

/// A held lock. Dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct Lock {
    /// The locked file.
    path: String,
    /// The holder's lock file.
    file: String,
    /// Shows other processes, while it exists, that the holder is alive.
    _claim: backend::Claim,
}

impl Lock {
    /// Writes `content` to the disk, replaces the locked file with it in one step, and releases the lock.
    ///
    /// # Errors
    /// If that fails; the file is then unchanged. With [`FsFault::Locked`] if the lock was taken away.
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
        // After publishing, or after the lock was taken away, it no longer exists.
        let _ = backend::remove(&self.file);
    }
}

#[cfg(test)]
mod tests;
