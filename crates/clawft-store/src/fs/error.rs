//! What can go wrong with a file, worded with the path and what was tried.

use clawft_types::memory::NoMemory;
use std::fmt;

/// A file operation that failed: "cannot read `/config/config.json`: no such file or directory".
#[derive(Debug)]
pub struct FsError {
    /// What was tried: `read`, `write`, `list`…
    pub operation: &'static str,
    /// The path it was tried on; the whole one, unless it was refused.
    pub path: String,
    /// Why it failed.
    pub fault: FsFault,
}

/// Why a file operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FsFault {
    /// The path could lead out of the base directory.
    Outside,
    /// The file is not UTF-8.
    NotText,
    /// There is nothing of that name, or the host did not grant its directory.
    NotFound,
    /// Not for this user, or not for this program.
    Denied,
    /// There is something of that name.
    Exists,
    /// The disk or the user's share of it is full.
    Full,
    /// The file system is mounted read-only.
    ReadOnly,
    /// It is a directory.
    IsDirectory,
    /// Something on the way is no directory.
    NotDirectory,
    /// It is no file that can be read to its end: a directory, a pipe, a device.
    NotFile,
    /// More than one file may hold.
    TooLarge,
    /// More than the memory that is left.
    NoMemory,
    /// Another process has held the lock for as long as was waited.
    Locked,
    /// Anything else, with the system's error number where there is one. Hosts report more than they should as this.
    Other(Option<i32>),
}

impl FsError {
    pub(super) fn new(operation: &'static str, path: &str, fault: FsFault) -> Self {
        Self { operation, path: path.to_owned(), fault }
    }

    /// Whether there is nothing of that name.
    pub fn is_not_found(&self) -> bool {
        self.fault == FsFault::NotFound
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("cannot ")?;
        out.write_str(self.operation)?;
        out.write_str(" `")?;
        out.write_str(&self.path)?;
        out.write_str("`: ")?;
        self.fault.fmt(out)
    }
}

impl std::error::Error for FsError {}

impl From<NoMemory> for FsFault {
    fn from(_: NoMemory) -> Self {
        FsFault::NoMemory
    }
}

/// The cause as the end of a sentence. Not the system's own words: they differ between targets, and their table is 2 KB of
/// component.
impl fmt::Display for FsFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            FsFault::Outside => "the path leads out of the base directory",
            FsFault::NotText => "the file is not UTF-8",
            FsFault::NotFound => "no such file or directory",
            FsFault::Denied => "permission denied",
            FsFault::Exists => "it exists already",
            FsFault::Full => "no space left",
            FsFault::ReadOnly => "the file system is read-only",
            FsFault::IsDirectory => "it is a directory",
            FsFault::NotDirectory => "a file is in the way of the directory",
            FsFault::NotFile => "it is not a regular file",
            FsFault::TooLarge => "the file is too large",
            FsFault::NoMemory => "it does not fit into memory",
            FsFault::Locked => "another process has it locked",
            FsFault::Other(_) => "input/output error, as for a full or read-only disk",
        })?;
        match self {
            FsFault::Other(Some(code)) => write!(out, " (system error {code})"),
            _ => Ok(()),
        }
    }
}
