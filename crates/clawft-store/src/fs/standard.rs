//! Files by `std::fs`, natively.

use super::{Content, FsFault};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};

pub(super) fn read(path: &str) -> Result<Vec<u8>, FsFault> {
    Ok(fs::read(path)?)
}

/// Makes a file that must not be there yet and writes it whole or not at all; with `durable` down to the disk.
pub(super) fn create(path: &str, content: Content<'_>, durable: bool) -> Result<(), FsFault> {
    let mut file = private().write(true).create_new(true).open(path)?;
    let written = fill(&mut file, content).and_then(|()| if durable { file.sync_all() } else { Ok(()) });
    if written.is_err() {
        // Closed first: some systems refuse to remove a file while it is open.
        drop(file);
        let _ = fs::remove_file(path);
    }
    Ok(written?)
}

fn fill(file: &mut File, content: Content<'_>) -> io::Result<()> {
    for piece in content {
        file.write_all(&piece)?;
    }
    Ok(())
}

pub(super) fn append(path: &str, bytes: &[u8]) -> Result<(), FsFault> {
    Ok(private().append(true).create(true).open(path)?.write_all(bytes)?)
}

/// What is made is for nobody but the user: conversations are private, and a native program has no sandbox around its files.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn rename(from: &str, to: &str) -> Result<(), FsFault> {
    Ok(fs::rename(from, to)?)
}

pub(super) fn remove(path: &str) -> Result<(), FsFault> {
    Ok(fs::remove_file(path)?)
}

pub(super) fn create_dir(path: &str) -> Result<(), FsFault> {
    Ok(fs::create_dir(path)?)
}

pub(super) fn names(path: &str) -> Result<Vec<String>, FsFault> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

pub(super) fn exists(path: &str) -> bool {
    fs::metadata(path).is_ok()
}

pub(super) fn is_dir(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Whether following the symbolic links in `path` does not lead out of `base`.
///
/// Who can change directories at the same time can still get past it. That is for a sandbox to prevent, and the natively
/// built agent has none.
pub(super) fn is_inside(base: &str, path: &str) -> bool {
    let Ok(base) = fs::canonicalize(base) else {
        return true;
    };
    for part in std::path::Path::new(path).ancestors() {
        if let Ok(real) = fs::canonicalize(part) {
            return real.starts_with(base);
        }
        if fs::symlink_metadata(part).is_ok_and(|found| found.is_symlink()) {
            // A link to nowhere: what is written there would be made outside.
            return false;
        }
    }
    true
}

impl From<io::Error> for FsFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => FsFault::NotFound,
            ErrorKind::PermissionDenied => FsFault::Denied,
            ErrorKind::AlreadyExists => FsFault::Exists,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FsFault::Full,
            ErrorKind::ReadOnlyFilesystem => FsFault::ReadOnly,
            ErrorKind::IsADirectory => FsFault::IsDirectory,
            ErrorKind::NotADirectory => FsFault::NotDirectory,
            ErrorKind::FileTooLarge => FsFault::TooLarge,
            _ => FsFault::Other(error.raw_os_error()),
        }
    }
}
