//! What can go wrong with a file, worded with the path and what was tried.

use std::fmt;
use std::io::{self, ErrorKind};

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
#[derive(Debug)]
pub enum FsFault {
    /// The path could lead out of the base directory.
    Outside,
    /// The file is not UTF-8.
    NotText,
    /// The file system said no.
    Io(io::Error),
}

impl FsError {
    pub(super) fn new(operation: &'static str, path: &str, fault: FsFault) -> Self {
        Self { operation, path: path.to_owned(), fault }
    }

    pub(super) fn io(operation: &'static str, path: &str, error: io::Error) -> Self {
        Self::new(operation, path, FsFault::Io(error))
    }

    /// Whether there is nothing of that name.
    pub fn is_not_found(&self) -> bool {
        matches!(&self.fault, FsFault::Io(error) if error.kind() == ErrorKind::NotFound)
    }
}

impl fmt::Display for FsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("cannot ")?;
        out.write_str(self.operation)?;
        out.write_str(" `")?;
        out.write_str(&self.path)?;
        out.write_str("`: ")?;
        match &self.fault {
            FsFault::Outside => out.write_str("the path leads out of the base directory"),
            FsFault::NotText => out.write_str("the file is not UTF-8"),
            FsFault::Io(error) => describe(error, out),
        }
    }
}

impl std::error::Error for FsError {}

/// The cause as the end of a sentence. Not the system's own words: they differ between targets, and their table is 2 KB of
/// component.
fn describe(error: &io::Error, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let words = match error.kind() {
        ErrorKind::NotFound => "no such file or directory",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::AlreadyExists => "it exists already",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "no space left",
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        ErrorKind::IsADirectory => "it is a directory",
        ErrorKind::NotADirectory => "a file is in the way of the directory",
        ErrorKind::FileTooLarge => "the file is too large",
        ErrorKind::OutOfMemory => "out of memory",
        _ => {
            // Hosts report more than they should as this one error.
            out.write_str("input/output error, as for a full or read-only disk")?;
            return match error.raw_os_error() {
                Some(code) => write!(out, " (system error {code})"),
                None => Ok(()),
            };
        }
    };
    out.write_str(words)
}
