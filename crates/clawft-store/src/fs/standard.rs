//! Files through `std::fs`, natively.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    sync::LazyLock,
};

use crate::{
    fs::{Content, FsFault, reserve},
    random,
};

pub(in crate::fs) fn read(path: &str) -> Result<Vec<u8>, FsFault> {
    let mut file = open(path, OpenOptions::new().read(true))?;
    let mut bytes = Vec::new();
    reserve(&mut bytes, regular(&file.metadata()?)?)?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens what is a regular file. It is looked at before: opening a pipe that nobody else has opened takes forever.
fn open(path: &str, how: &OpenOptions) -> Result<File, FsFault> {
    regular(&fs::metadata(path)?)?;
    Ok(how.open(path)?)
}

/// Returns the size of a regular file.
fn regular(found: &Metadata) -> Result<u64, FsFault> {
    if found.is_file() {
        Ok(found.len())
    } else {
        Err(FsFault::NotFile)
    }
}

/// Creates a file that must not exist, and writes it to the disk completely or not at all.
pub(in crate::fs) fn create(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    let mut file = private().write(true).create_new(true).open(path)?;
    let written = write(&mut file, content);
    if written.is_err() {
        // Closed first: some systems cannot remove an open file.
        drop(file);
        let _ = fs::remove_file(path);
    }
    Ok(written?)
}

/// Writes to an existing, empty file, and synchronises it to the disk.
pub(in crate::fs) fn fill(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    Ok(write(&mut open(path, OpenOptions::new().write(true))?, content)?)
}

/// Writes the content and synchronises it to the disk.
fn write(file: &mut File, content: Content<'_>) -> io::Result<()> {
    for chunk in content {
        file.write_all(&chunk)?;
    }
    file.sync_all()
}

/// Synchronises the names in a directory to the disk, on systems that support that.
pub(in crate::fs) fn sync_dir(path: &str) -> Result<(), FsFault> {
    if !is_dir(path) {
        return Ok(());
    }
    match File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(FsFault::from)
    {
        Err(fault @ (FsFault::Full | FsFault::Other(Some(INPUT_OUTPUT)))) => Err(fault),
        _ => Ok(()),
    }
}

pub(in crate::fs) fn append(path: &str, bytes: &[u8]) -> Result<(), FsFault> {
    let mut options = private();
    let mut file = match open(path, options.append(true)) {
        Err(FsFault::NotFound) => options.create(true).open(path)?,
        file => file?,
    };
    Ok(file.write_all(bytes)?)
}

/// Returns options that create private files: conversations are private, and a native program has no sandbox
/// around its files.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix's"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(in crate::fs) fn rename(from: &str, to: &str) -> Result<(), FsFault> {
    Ok(fs::rename(from, to)?)
}

pub(in crate::fs) fn remove(path: &str) -> Result<(), FsFault> {
    Ok(fs::remove_file(path)?)
}

/// Makes a private directory.
pub(in crate::fs) fn create_dir(path: &str) -> Result<(), FsFault> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix's"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(path)?)
}

/// Returns the size of a file.
pub(in crate::fs) fn size(path: &str) -> Result<u64, FsFault> {
    Ok(fs::metadata(path)?.len())
}

/// Calls `take` with each name in a directory.
pub(in crate::fs) fn each_name(path: &str, take: &mut dyn FnMut(&str)) -> Result<(), FsFault> {
    for entry in fs::read_dir(path)? {
        take(&entry?.file_name().to_string_lossy());
    }
    Ok(())
}

pub(in crate::fs) fn exists(path: &str) -> bool {
    fs::metadata(path).is_ok()
}

pub(in crate::fs) fn is_dir(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Returns whether `path` stays inside `base` when its symbolic links are followed.
///
/// A program that changes directories at the same time can still lead it outside. Only a sandbox can prevent
/// that, and the native agent has none.
pub(in crate::fs) fn is_inside(base: &str, path: &str) -> bool {
    let Ok(base) = fs::canonicalize(base) else {
        return true;
    };
    for part in std::path::Path::new(path).ancestors() {
        if let Ok(real) = fs::canonicalize(part) {
            return real.starts_with(base);
        }
        if fs::symlink_metadata(part).is_ok_and(|found| found.is_symlink()) {
            // A dangling link: a file written there would be created outside.
            return false;
        }
    }
    true
}

/// A lock file, locked by the system for as long as its holder is alive.
#[derive(Debug)]
pub(in crate::fs) struct Claim {
    /// The system closes it when the process ends, in whatever way.
    #[cfg(unix)]
    _file: File,
}

/// Returns a name that no other holder has. It ends with the [`system`], whose processes can check whether
/// the holder is alive.
pub(in crate::fs) fn holder_name() -> String {
    format!("{}-{}", random::number(), system())
}

/// Creates a lock file, which must not exist yet.
pub(in crate::fs) fn claim(path: &str) -> Result<Claim, FsFault> {
    let _file = private().write(true).create_new(true).open(path)?;
    // Other processes lock it for a moment only, in `remove_abandoned`. On a file system without locks their
    // call fails as well.
    #[cfg(unix)]
    let _ = _file.lock();
    Ok(Claim {
        #[cfg(unix)]
        _file,
    })
}

/// Removes a lock file if the system reports that its holder is dead. Never on Windows, where a locked file
/// cannot be written through another handle.
pub(in crate::fs) fn remove_abandoned(path: &str) -> Result<(), FsFault> {
    if cfg!(unix) && path.rsplit_once('-').is_some_and(|(_, other)| other == system()) {
        let file = open(path, OpenOptions::new().read(true).write(true))?;
        if file.try_lock().is_ok() {
            // Still locked, so that a process that is about to lock its own new file finds it removed
            // afterwards.
            return remove(path);
        }
    }
    Ok(())
}

/// Returns an identifier of the running system, which all of its processes share.
fn system() -> &'static str {
    static SYSTEM: LazyLock<String> = LazyLock::new(|| {
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(8).collect();
        // Other machines may then have the same identifier: a wrong result costs their processes time.
        if digits.is_empty() {
            std::env::consts::OS.to_owned()
        } else {
            digits
        }
    });
    &SYSTEM
}

/// The system's number for an input/output error, on every Unix.
const INPUT_OUTPUT: i32 = 5;

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
            ErrorKind::InvalidFilename => FsFault::NameTooLong,
            ErrorKind::OutOfMemory => FsFault::NoMemory,
            _ => FsFault::Other(error.raw_os_error()),
        }
    }
}
