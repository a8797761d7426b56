//! Files below a base directory.
//!
//! Paths are written with `/` and stay inside the base: what could lead out of it is refused before the file system is
//! asked. Below that, a WASI host lets nothing out of the directories it granted, symbolic links included; natively the
//! links are looked at here.
//!
//! | target | back end | module |
//! |---|---|---|
//! | wasm32-wasip2 | `wasi:filesystem` itself | `fs/bindings.rs` |
//! | wasm32-wasip1 | WASI preview 1 itself | `fs/preview1.rs` |
//! | native | `std::fs` | `fs/standard.rs` |

// A path of its own for each, without `cfg_attr`: tools that read the source without compiling it find the files.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
#[path = "fs/bindings.rs"]
mod backend;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
#[path = "fs/preview1.rs"]
mod backend;
#[cfg(not(target_os = "wasi"))]
#[path = "fs/standard.rs"]
mod backend;
mod error;
mod lock;
mod path;

pub use error::{FsError, FsFault};
pub use lock::Lock;

use std::iter;

/// Where the host's configuration directory is mounted: `wasmtime run --dir HOST::/config`.
pub const DEFAULT_BASE: &str = "/config";

/// How many names are tried for a temporary file or for a file set aside.
const MAX_NAMES: u32 = 1000;

/// What a file shall hold, in pieces: all of it need not be in memory at the same time.
pub type Content<'a> = &'a mut dyn Iterator<Item = Vec<u8>>;

/// Reads and writes files below one base directory.
#[derive(Clone)]
pub struct FileSystem {
    base: String,
}

impl Default for FileSystem {
    fn default() -> Self {
        Self::new()
    }
}

impl FileSystem {
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

    /// The base directory: what is kept has no other home.
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
        self.on("read", path, backend::read)
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
        self.on("write", path, |path| replace(path, &mut iter::once(bytes.to_vec()), || true))
    }

    /// [`Self::write`] of `content`, piece by piece, by the one process that holds `lock`, so that a temporary file that is there already is from one
    /// that was killed: it is removed.
    ///
    /// # Errors
    /// As [`Self::write`]; with [`FsFault::Locked`] if the lock was lost, see [`Lock::is_held`].
    pub fn write_locked(&self, lock: &Lock, path: &str, content: Content<'_>) -> Result<(), FsError> {
        self.on("write", path, |path| {
            (1..MAX_NAMES).map(|number| temporary(path, number)).find(|name| backend::remove(name).is_err());
            replace(path, content, || lock.is_held())
        })
    }

    /// Takes a lock that no other process has until this one lets go of it by dropping it. The lock is a file at `path`,
    /// whose directory is made if it is missing.
    ///
    /// Waits for others, but not forever: locks are held for moments, so one that does not change hands for seconds is
    /// from a process that was killed, and is taken over.
    ///
    /// # Errors
    /// If there can be no such file, and with [`FsFault::Locked`] if others were faster time and again.
    pub fn lock(&self, path: &str) -> Result<Lock, FsError> {
        self.on("lock", path, |path| make_parent(path).and_then(|()| Lock::take(path)))
    }

    /// Adds to the end of a file, which is made if it does not exist.
    ///
    /// # Errors
    /// If that fails; a part of the text may then have been added.
    pub fn append_string(&self, path: &str, text: &str) -> Result<(), FsError> {
        self.on("append to", path, |path| {
            make_parent(path)?;
            backend::append(path, text.as_bytes())
        })
    }

    /// Whether there is a file or directory that can be reached.
    pub fn exists(&self, path: &str) -> bool {
        self.locate(path).is_ok_and(|path| backend::exists(&path))
    }

    /// The names in a directory, sorted. Bytes that are not UTF-8 are replaced by `U+FFFD`.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn list_dir(&self, path: &str) -> Result<Vec<String>, FsError> {
        let mut names = self.on("list", path, backend::names)?;
        names.sort_unstable();
        Ok(names)
    }

    /// Makes a directory and all that are missing above it. One that exists is fine.
    ///
    /// # Errors
    /// If that fails, or if a file has the name.
    pub fn create_dir_all(&self, path: &str) -> Result<(), FsError> {
        self.on("create", path, make_dirs)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// If it does not exist or cannot be removed.
    pub fn remove_file(&self, path: &str) -> Result<(), FsError> {
        self.on("remove", path, backend::remove)
    }

    /// Gives a file another name that is free, `NAME.MARK-1` or the next number, and returns the whole new path.
    ///
    /// # Errors
    /// If it does not exist or cannot be renamed.
    pub fn set_aside(&self, path: &str, mark: &str) -> Result<String, FsError> {
        self.on("set aside", path, |path| {
            let aside = free_name(&[path, ".", mark, "-"].concat())?;
            backend::rename(path, &aside)?;
            Ok(aside)
        })
    }

    /// Does `operation` on the whole path of `path`, or says what could not be done.
    fn on<T>(
        &self,
        name: &'static str,
        path: &str,
        operation: impl FnOnce(&str) -> Result<T, FsFault>,
    ) -> Result<T, FsError> {
        let path = self.locate(path)?;
        operation(&path).map_err(|fault| FsError::new(name, &path, fault))
    }

    /// [`Self::resolve`], with symbolic links looked at as well.
    fn locate(&self, path: &str) -> Result<String, FsError> {
        let whole = self.resolve(path)?;
        match backend::is_inside(&self.base, &whole) {
            true => Ok(whole),
            false => Err(FsError::new("use", path, FsFault::Outside)),
        }
    }
}

/// Makes the directory and all that are missing above it. From the top down and on text: std goes from the bottom up, with
/// 2 KB of [`std::path`]. That a directory above cannot be made is no error by itself, because a host grants a directory
/// without those above it.
fn make_dirs(path: &str) -> Result<(), FsFault> {
    for (end, byte) in path.bytes().enumerate() {
        if byte == b'/' && end > 0 {
            let _ = backend::create_dir(&path[..end]);
        }
    }
    match backend::create_dir(path) {
        _ if backend::is_dir(path) => Ok(()),
        Err(FsFault::Exists) => Err(FsFault::NotDirectory),
        made => made,
    }
}

fn make_parent(path: &str) -> Result<(), FsFault> {
    // By bytes: the search of `str` from its end is half a kilobyte more of component.
    match path.bytes().rposition(|byte| byte == b'/') {
        Some(end @ 1..) if !backend::is_dir(&path[..end]) => make_dirs(&path[..end]),
        _ => Ok(()),
    }
}

/// Writes the whole file beside `path` and lets it take its place, if `may` still says so then.
fn replace(path: &str, content: Content<'_>, may: impl Fn() -> bool) -> Result<(), FsFault> {
    make_parent(path)?;
    let temporary = create_beside(path, content)?;
    let replaced = if may() { backend::rename(&temporary, path) } else { Err(FsFault::Locked) };
    if replaced.is_err() {
        let _ = backend::remove(&temporary);
    }
    replaced
}

/// A new file that nobody else has, not even another process that writes the same one.
fn create_beside(path: &str, content: Content<'_>) -> Result<String, FsFault> {
    for number in 1..MAX_NAMES {
        let name = temporary(path, number);
        // Where there is such a file already, none of the content has been taken.
        match backend::create(&name, content, true) {
            Err(FsFault::Exists) => {}
            created => return created.map(|()| name),
        }
    }
    Err(FsFault::Exists)
}

fn temporary(path: &str, number: u32) -> String {
    [path, ".tmp-", &number.to_string()].concat()
}

fn free_name(stem: &str) -> Result<String, FsFault> {
    let mut names = (1..MAX_NAMES).map(|number| [stem, &number.to_string()].concat());
    names.find(|name| !backend::exists(name)).ok_or(FsFault::Exists)
}

#[cfg(test)]
mod tests;
