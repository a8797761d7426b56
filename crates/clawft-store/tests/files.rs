//! The error messages for files: the same on every target, so that they can be documented.

use std::io::{Error, ErrorKind};

use clawft_store::{
    FileSystem,
    fs::{DEFAULT_BASE, FsFault},
};

#[test]
fn every_fault_has_a_message() {
    for (kind, words) in [
        (ErrorKind::NotFound, "no such file or directory"),
        (ErrorKind::PermissionDenied, "permission denied"),
        (ErrorKind::AlreadyExists, "it exists already"),
        (ErrorKind::StorageFull, "no space left"),
        (ErrorKind::QuotaExceeded, "no space left"),
        (ErrorKind::ReadOnlyFilesystem, "the file system is read-only"),
        (ErrorKind::IsADirectory, "it is a directory"),
        (ErrorKind::NotADirectory, "a file is in the way of the directory"),
        (ErrorKind::FileTooLarge, "the file is too large"),
        (ErrorKind::OutOfMemory, "it does not fit into memory"),
        (
            ErrorKind::TimedOut,
            "input/output error, as for a full or read-only disk",
        ),
    ] {
        assert_eq!(FsFault::from(Error::from(kind)).to_string(), words);
    }
    let words = "input/output error, as for a full or read-only disk (system error 5)";
    assert_eq!(FsFault::from(Error::from_raw_os_error(5)).to_string(), words);
    assert_eq!(FsFault::Locked.to_string(), "another process has it locked");
}

#[test]
fn default_base_is_the_granted_directory() {
    assert_eq!(FileSystem::default().home_dir(), DEFAULT_BASE);
}
