//! A lock between processes: a file that only one of them can make.
//!
//! WASI has no lock of its own. The file holds when it was made, to the nanosecond: that tells its holders apart, so that
//! each can see whether it still has the lock, and tells the others whether it changes hands while they wait.

use super::{FsFault, backend};
use crate::clock::{self, Stopwatch};
use std::iter;
use std::time::Duration;

/// A lock that has been held for this long is from a process that was killed: the work done under one takes milliseconds.
const ABANDONED_AFTER: Duration = Duration::from_secs(3);

/// How long to wait in all.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(10);

/// A lock held until it is dropped, see [`FileSystem::lock`](super::FileSystem::lock).
#[derive(Debug)]
pub struct Lock {
    path: String,
    /// What the file holds for as long as the lock is ours: [`clock::unique`] as text.
    holder: Vec<u8>,
}

impl Lock {
    pub(super) fn take(path: &str) -> Result<Self, FsFault> {
        let begun = Stopwatch::start();
        let mut other = Vec::new();
        let mut since = begun;
        loop {
            let holder = clock::unique().to_string().into_bytes();
            match backend::create(path, &mut iter::once(holder.clone()), false) {
                Err(FsFault::Exists) => {}
                created => return created.map(|()| Self { path: path.to_owned(), holder }),
            }
            match backend::read(path) {
                Ok(holder) => {
                    if holder != other {
                        (other, since) = (holder, Stopwatch::start());
                    }
                    if age(&other).max(since.elapsed()) > ABANDONED_AFTER {
                        // Where that fails, others may have been faster; where nobody can, patience ends it.
                        let _ = backend::remove(path);
                    }
                }
                Err(FsFault::NotFound) => {}
                Err(fault) => return Err(fault),
            }
            if begun.elapsed() > PATIENCE {
                return Err(FsFault::Locked);
            }
            clock::sleep(PAUSE);
        }
    }

    /// Whether nobody has taken the lock over. That happens to a process that was stopped for seconds while holding it.
    pub fn is_held(&self) -> bool {
        backend::read(&self.path).is_ok_and(|holder| holder == self.holder)
    }
}

/// How long ago this lock was made. None at all for one that was killed before it could say, or whose clock is ahead.
fn age(holder: &[u8]) -> Duration {
    let made = str::from_utf8(holder).ok().and_then(|text| text.parse().ok());
    Duration::from_nanos(made.map_or(0, |made| clock::unique().saturating_sub(made)))
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_held() {
            // If it cannot be removed, the next one waits and takes it over.
            let _ = backend::remove(&self.path);
        }
    }
}
