//! Files below a base directory.
//!
//! Paths are written with `/` and stay inside the base: a path that could lead out of it is rejected before
//! the file system is used. A WASI host also confines all paths to the directories it granted, symbolic links
//! included; natively this module checks the links.
//!
//! | target | back end | module |
//! |---|---|---|
//! | wasm32-wasip2 | `wasi:filesystem` itself | `fs/bindings.rs` |
//! | wasm32-wasip1 | WASI preview 1 itself | `fs/preview1.rs` |
//! | native | `std::fs` | `fs/standard.rs` |

// Each back end has an explicit path and no `cfg_attr`, so that tools find the files without compiling the
// source.
#[cfg(all(target_os = "wasi", target_env = "p2"))]
#[path = "fs/bindings.rs"]
mod backend;
#[cfg(all(target_os = "wasi", target_env = "p1"))]
#[path = "fs/preview1.rs"]
mod backend;
#[cfg(all(not(target_os = "wasi"), not(test)))]
#[path = "fs/standard.rs"]
mod backend;
#[cfg(test)]
#[path = "fs/scripted.rs"]
mod backend;
mod error;
mod lock;
mod path;
#[cfg(all(target_os = "wasi", any(target_env = "p1", target_env = "p2")))]
mod workspace;

#[cfg(test)]
pub(crate) use backend::intercept;
use clawft_types::{join, text};
pub use error::{FsError, FsFault};
use lock::LockPath;
pub(crate) use lock::{Lock, Wait};
#[cfg(all(target_os = "wasi", any(target_env = "p1", target_env = "p2")))]
pub use workspace::{DEFAULT_WORKSPACE, Directory};

use std::iter;

use clawft_types::memory;

use crate::random;

/// The mount point of the host's configuration directory: `wasmtime run --dir HOST::/config`.
pub const DEFAULT_BASE: &str = "/config";

/// The maximum number of copies of one file.
const MAX_COPIES: u32 = 1000;

/// The content of a file in chunks, which need not be in memory at the same time.
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
    /// Returns the files below [`DEFAULT_BASE`].
    pub fn new() -> Self {
        Self::with_base_path(DEFAULT_BASE)
    }

    /// Returns the files below `base`, which need not exist yet.
    pub fn with_base_path(base: impl Into<String>) -> Self {
        let mut base = base.into();
        while base.len() > 1 && base.ends_with("/") {
            base.pop();
        }
        Self { base }
    }

    /// Returns the base directory.
    pub fn home_dir(&self) -> &str {
        &self.base
    }

    /// Returns the full path of `path`, as it is used and as error messages name it.
    ///
    /// # Errors
    /// [`FsFault::Outside`] for a path that could lead out of the base: a `..`, an absolute path elsewhere, a
    /// NUL or a backslash.
    pub fn resolve(&self, path: &str) -> Result<String, FsError> {
        path::resolve(&self.base, path).ok_or_else(|| FsError::new("use", path, FsFault::Outside))
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// If it cannot be read completely.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        self.on("read", path, backend::read)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it cannot be read completely or is not UTF-8.
    pub fn read_to_string(&self, path: &str) -> Result<String, FsError> {
        String::from_utf8(self.read(path)?).map_err(|_| FsError::new("read", path, FsFault::NotText))
    }

    /// Writes a complete file or nothing: writes a temporary file and renames it. Makes missing directories.
    /// When it returns, the file survives a power cut.
    ///
    /// # Errors
    /// If that fails; the file is then unchanged, and no temporary file is left.
    pub fn write_string(&self, path: &str, text: &str) -> Result<(), FsError> {
        self.write(path, text.as_bytes())
    }

    /// Does the same as [`Self::write_string`] for bytes.
    ///
    /// # Errors
    /// As [`Self::write_string`].
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), FsError> {
        self.on("write", path, |path| {
            replace(path, &mut iter::once(bytes.to_vec()))
        })
    }

    /// Takes the lock on the file `name` in `directory`, which need not exist. `wait` limits how long to wait
    /// for others.
    ///
    /// # Errors
    /// If there can be no lock; with [`FsFault::Locked`] if other processes held it for too long.
    pub(crate) fn lock(&self, directory: &str, name: &str, wait: &Wait) -> Result<Lock, FsError> {
        let path = self.locate(&join!(directory, "/", name))?;
        let taken = self.lock_path(directory, name)?.take(&path, wait);
        taken.map_err(|fault| FsError::new("write", &path, fault))
    }

    /// Takes the lock on the file `name` in `directory` away from its holders.
    ///
    /// # Errors
    /// If that fails.
    pub(crate) fn revoke(&self, directory: &str, name: &str) -> Result<(), FsError> {
        let lock_path = self.lock_path(directory, name)?;
        lock_path
            .revoke()
            .map_err(|fault| FsError::new("unlock", &lock_path.directory, fault))
    }

    fn lock_path(&self, directory: &str, name: &str) -> Result<LockPath, FsError> {
        let directory = self.locate(&join!(directory, "/.locks"))?;
        Ok(LockPath {
            directory,
            prefix: join!(name, "+"),
        })
    }

    /// Appends to a file, and creates it if it does not exist.
    ///
    /// # Errors
    /// If that fails; a part of the text may then have been appended.
    pub fn append_string(&self, path: &str, text: &str) -> Result<(), FsError> {
        self.on("append to", path, |path| {
            make_parent(path)?;
            backend::append(path, text.as_bytes())
        })
    }

    /// Returns whether there is a file or directory that can be reached.
    pub fn exists(&self, path: &str) -> bool {
        self.locate(path).is_ok_and(|path| backend::exists(&path))
    }

    /// Returns the names in a directory, sorted. In a name that is not UTF-8 bytes are replaced by `U+FFFD`,
    /// or the name is left out.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn list_dir(&self, path: &str) -> Result<Vec<String>, FsError> {
        let mut names = Vec::new();
        self.on("list", path, |path| {
            backend::each_name(path, &mut |name| names.push(name.to_owned()))
        })?;
        text::sort(&mut names);
        Ok(names)
    }

    /// Makes a directory and all missing directories above it. An existing directory is not an error.
    ///
    /// # Errors
    /// If that fails, or if a file has that name.
    pub fn create_dir_all(&self, path: &str) -> Result<(), FsError> {
        self.on("create", path, make_dirs)
    }

    /// Removes a file. When it returns, the removal survives a power cut.
    ///
    /// # Errors
    /// If it does not exist or cannot be removed.
    pub fn remove_file(&self, path: &str) -> Result<(), FsError> {
        self.on("remove", path, |path| {
            backend::remove(path)?;
            match sync_parent(path) {
                // A full disk does not prevent the removal.
                Err(FsFault::Full) => Ok(()),
                synced => synced,
            }
        })
    }

    /// Keeps a copy of `bytes` beside `path` under a free name, `NAME.MARK-1` or the next number, unless
    /// there is an equal copy already. Returns the full path of the copy. The caller synchronises the
    /// directory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn keep_copy(&self, path: &str, bytes: &[u8], mark: &str) -> Result<String, FsError> {
        self.on("write", path, |path| {
            for number in 1..MAX_COPIES {
                let copy = join!(path, ".", mark, "-", &text::number(number.into()));
                match backend::create(&copy, &mut iter::once(bytes.to_vec())) {
                    Err(FsFault::Exists) if !backend::read(&copy).is_ok_and(|kept| kept == bytes) => {}
                    Ok(()) | Err(FsFault::Exists) => return Ok(copy),
                    Err(fault) => return Err(fault),
                }
            }
            Err(FsFault::Exists)
        })
    }

    /// Performs `operation` on the full path of `path`; an error names the operation.
    fn on<T>(
        &self,
        name: &'static str,
        path: &str,
        operation: impl FnOnce(&str) -> Result<T, FsFault>,
    ) -> Result<T, FsError> {
        let path = self.locate(path)?;
        operation(&path).map_err(|fault| FsError::new(name, &path, fault))
    }

    /// Does the same as [`Self::resolve`], and checks symbolic links.
    fn locate(&self, path: &str) -> Result<String, FsError> {
        let whole = self.resolve(path)?;
        match backend::is_inside(&self.base, &whole) {
            true => Ok(whole),
            false => Err(FsError::new("use", path, FsFault::Outside)),
        }
    }
}

/// Makes the directory and all missing directories above it, from the top down and on text: std goes from the
/// bottom up, with 2 KB of [`std::path`]. A directory above that cannot be made is not an error by itself,
/// because a host grants a directory without those above it.
fn make_dirs(path: &str) -> Result<(), FsFault> {
    let mut above = "";
    let mut made = Ok(());
    for end in 1..=path.len() {
        if path.as_bytes().get(end).is_none_or(|byte| *byte == b'/') {
            let part = path.get(..end).unwrap_or_default();
            made = backend::create_dir(part);
            if made.is_ok() && !above.is_empty() {
                backend::sync_dir(above)?;
            }
            above = part;
        }
    }
    match made {
        _ if backend::is_dir(path) => Ok(()),
        Err(FsFault::Exists) => Err(FsFault::NotDirectory),
        made => made,
    }
}

fn make_parent(path: &str) -> Result<(), FsFault> {
    match parent(path) {
        parent if backend::is_dir(parent) => Ok(()),
        parent => make_dirs(parent),
    }
}

/// Synchronises the directory of `path` to the disk, if the system supports that.
fn sync_parent(path: &str) -> Result<(), FsFault> {
    match parent(path) {
        "" => Ok(()),
        parent => backend::sync_dir(parent),
    }
}

/// Returns the directory that holds `path`; empty for the root and for the current directory.
fn parent(path: &str) -> &str {
    // By bytes: `str`'s search from the end would add half a kilobyte to the component.
    let end = path.bytes().rposition(|byte| byte == b'/').unwrap_or_default();
    path.get(..end).unwrap_or_default()
}

/// Writes the complete file under a temporary name and renames it to `path`. No other process uses that name,
/// so a failed attempt can be removed.
fn replace(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    make_parent(path)?;
    let temporary = join!(path, ".tmp-", &text::number(random::number()));
    backend::create(&temporary, content)?;
    if let Err(fault) = backend::rename(&temporary, path) {
        let _ = backend::remove(&temporary);
        return Err(fault);
    }
    sync_parent(path)
}

/// Reserves room for `more` in `bytes`, or returns an error.
fn reserve(bytes: &mut Vec<u8>, more: u64) -> Result<(), FsFault> {
    let more = usize::try_from(more).map_err(|_| FsFault::NoMemory)?;
    Ok(memory::reserve(bytes, more)?)
}

#[cfg(test)]
mod tests;
