//! Errors of file operations, with the path and the operation.

use clawft_types::{display_message, join, memory::NoMemory, text::number};

/// A failed file operation: "cannot read `/config/config.json`: no such file or directory".
#[derive(Debug)]
pub struct FsError {
    /// The operation: `read`, `write`, `list`…
    pub operation: &'static str,
    /// The path; the full one, unless it was rejected.
    pub path: String,
    /// The cause.
    pub fault: FsFault,
}

/// The cause of a failed file operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FsFault {
    /// The path could lead out of the base directory.
    Outside,
    /// The file is not UTF-8.
    NotText,
    /// There is no file of that name, or the host did not grant its directory.
    NotFound,
    /// The user or the program has no permission.
    Denied,
    /// The name is in use.
    Exists,
    /// The disk or the user's quota is full.
    Full,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The path is a directory.
    IsDirectory,
    /// A component of the path is not a directory.
    NotDirectory,
    /// The path is not a file that can be read to its end, but a directory, a pipe or a device.
    NotFile,
    /// The content is larger than a file may be.
    TooLarge,
    /// The name or the path is longer than the file system permits.
    NameTooLong,
    /// The content does not fit into the remaining memory.
    NoMemory,
    /// Other processes held the lock for as long as this one waited.
    Locked,
    /// Any other error, with the system's error number if there is one. Hosts report more errors in this form
    /// than they should.
    Other(Option<i32>),
}

impl FsError {
    pub(super) fn new(operation: &'static str, path: &str, fault: FsFault) -> Self {
        Self {
            operation,
            path: path.to_owned(),
            fault,
        }
    }

    /// Returns whether there is no file of that name.
    pub fn is_not_found(&self) -> bool {
        self.fault == FsFault::NotFound
    }
}

impl FsError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        join!(
            "cannot ",
            self.operation,
            " `",
            &self.path,
            "`: ",
            &self.fault.message()
        )
    }
}

display_message!(FsError);

impl std::error::Error for FsError {}

impl From<NoMemory> for FsFault {
    fn from(_: NoMemory) -> Self {
        FsFault::NoMemory
    }
}

impl FsFault {
    /// Returns the cause as the end of a sentence. The system's own messages differ between targets, and their
    /// table would add 2 KB to the component.
    pub fn cause(self) -> &'static str {
        match self {
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
            FsFault::NameTooLong => "the name is too long",
            FsFault::NoMemory => "it does not fit into memory",
            FsFault::Locked => "another process has it locked",
            FsFault::Other(_) => "input/output error, as for a full or read-only disk",
        }
    }
}

impl FsFault {
    /// Returns the error message: the cause, and the system's error number if there is one.
    pub fn message(self) -> String {
        match self {
            FsFault::Other(Some(code)) => {
                let code = number(code.unsigned_abs().into());
                join!(self.cause(), " (system error ", &code, ")")
            }
            _ => self.cause().to_owned(),
        }
    }
}

display_message!(FsFault);
