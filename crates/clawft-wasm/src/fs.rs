//! Files below a base directory, by `std::fs` on every target.
//!
//! Paths are written with `/` and stay inside the base: what could lead out of it is refused before the file system is
//! asked. Below that, a WASI host lets nothing out of the directories it granted, symbolic links included.

mod error;
mod path;

pub use error::{FsError, FsFault};

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};

/// Where the host's configuration directory is mounted: `wasmtime run --dir HOST::/config`.
pub const DEFAULT_BASE: &str = "/config";

/// How many names are tried for a temporary file or for a file set aside.
const MAX_NAMES: u32 = 1000;

/// Reads and writes files below one base directory.
#[derive(Clone)]
pub struct WasiFileSystem {
    base: String,
}

impl Default for WasiFileSystem {
    fn default() -> Self {
        Self::new()
    }
}

impl WasiFileSystem {
    /// Files below [`DEFAULT_BASE`].
    pub fn new() -> Self {
        Self::with_base_path(DEFAULT_BASE)
    }

    /// Files below `base`, which need not exist yet.
    pub fn with_base_path(base: impl Into<String>) -> Self {
        let mut base = base.into();
        while base.len() > 1 && base.ends_with('/') {
            base.pop();
        }
        Self { base }
    }

    /// The base directory: a component has no other home.
    pub fn home_dir(&self) -> &str {
        &self.base
    }

    /// The whole path of `path`, as it would be used and as messages name it.
    ///
    /// # Errors
    /// [`FsFault::Outside`] for what could lead out of the base: a `..`, an absolute path elsewhere, a NUL or a backslash.
    pub fn resolve(&self, path: &str) -> Result<String, FsError> {
        path::resolve(&self.base, path).ok_or_else(|| FsError::new("use", path, FsFault::Outside))
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// If it cannot be read whole.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        let path = self.resolve(path)?;
        read(&path).map_err(|error| FsError::io("read", &path, error))
    }

    /// The text of a file.
    ///
    /// # Errors
    /// If it cannot be read whole or is not UTF-8.
    pub fn read_to_string(&self, path: &str) -> Result<String, FsError> {
        String::from_utf8(self.read(path)?).map_err(|_| FsError::new("read", path, FsFault::NotText))
    }

    /// Writes a file whole or not at all: to a temporary file beside it, which then takes its place. Missing directories
    /// on the way are made.
    ///
    /// # Errors
    /// If that fails; the file is then as it was, and no temporary file is left.
    pub fn write_string(&self, path: &str, text: &str) -> Result<(), FsError> {
        self.write(path, text.as_bytes())
    }

    /// [`Self::write_string`] for bytes.
    ///
    /// # Errors
    /// As [`Self::write_string`].
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        let path = self.resolve(path)?;
        make_parent(&path)
            .and_then(|()| replace(&path, bytes))
            .map_err(|error| FsError::io("write", &path, error))
    }

    /// Adds to the end of a file, which is made if it does not exist.
    ///
    /// # Errors
    /// If that fails; a part of the text may then have been added.
    pub fn append_string(&self, path: &str, text: &str) -> Result<(), FsError> {
        let path = self.resolve(path)?;
        make_parent(&path)
            .and_then(|()| OpenOptions::new().append(true).create(true).open(&path))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| FsError::io("append to", &path, error))
    }

    /// Whether there is a file or directory that can be reached.
    pub fn exists(&self, path: &str) -> bool {
        self.resolve(path).is_ok_and(|path| fs::metadata(path).is_ok())
    }

    /// The names in a directory, sorted. Bytes that are not UTF-8 are replaced by `U+FFFD`.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn list_dir(&self, path: &str) -> Result<Vec<String>, FsError> {
        let path = self.resolve(path)?;
        names(&path).map_err(|error| FsError::io("list", &path, error))
    }

    /// Makes a directory and all that are missing above it. One that exists is fine.
    ///
    /// # Errors
    /// If that fails, or if a file has the name.
    pub fn create_dir_all(&self, path: &str) -> Result<(), FsError> {
        let path = self.resolve(path)?;
        make_dirs(&path).map_err(|error| FsError::io("create", &path, error))
    }

    /// Removes a file.
    ///
    /// # Errors
    /// If it does not exist or cannot be removed.
    pub fn remove_file(&self, path: &str) -> Result<(), FsError> {
        let path = self.resolve(path)?;
        fs::remove_file(&path).map_err(|error| FsError::io("remove", &path, error))
    }

    /// Gives a file another name that is free, `NAME.MARK-1` or the next number, and returns the whole new path.
    ///
    /// # Errors
    /// If it does not exist or cannot be renamed.
    pub fn set_aside(&self, path: &str, mark: &str) -> Result<String, FsError> {
        let path = self.resolve(path)?;
        let aside = free_name(&[&path, ".", mark, "-"].concat());
        aside
            .and_then(|aside| fs::rename(&path, &aside).map(|()| aside))
            .map_err(|error| FsError::io("set aside", &path, error))
    }
}

/// Without [`fs::read`]'s guess at the size, which is a kilobyte of component.
fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Makes the directory and all that are missing above it. From the top down and on text: std goes from the bottom up, with
/// 2 KB of [`std::path`]. That a directory above cannot be made is no error by itself, because a host grants a directory
/// without those above it.
fn make_dirs(path: &str) -> io::Result<()> {
    let mut made = Ok(());
    let above = path.match_indices('/').map(|(end, _)| end).filter(|end| *end > 0);
    for end in above.chain([path.len()]) {
        made = fs::create_dir(&path[..end]);
    }
    if is_dir(path) { Ok(()) } else { made }
}

fn is_dir(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_dir())
}

fn make_parent(path: &str) -> io::Result<()> {
    match path.rsplit_once('/') {
        Some((parent, _)) if !parent.is_empty() && !is_dir(parent) => make_dirs(parent),
        _ => Ok(()),
    }
}

fn replace(path: &str, bytes: &[u8]) -> io::Result<()> {
    let (mut file, temporary) = temporary_beside(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    // Closed before it is renamed or removed: some systems refuse both while a file is open.
    drop(file);
    let replaced = written.and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

/// A new file `PATH.tmp-N` that nobody else has, not even another process that writes the same file.
fn temporary_beside(path: &str) -> io::Result<(File, String)> {
    for number in 1..MAX_NAMES {
        let name = [path, ".tmp-", &number.to_string()].concat();
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(file) => return Ok((file, name)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn free_name(stem: &str) -> io::Result<String> {
    let mut names = (1..MAX_NAMES).map(|number| [stem, &number.to_string()].concat());
    names.find(|name| fs::metadata(name).is_err()).ok_or_else(|| ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests;
