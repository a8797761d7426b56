//! Reading, locking, listing and compressing files, and replacing them in one step.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};

/// Returns the content of the file at `path`.
///
/// # Errors
/// Fails if it cannot be read; the error names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// Returns the text in the file at `path`.
///
/// # Errors
/// Fails if it cannot be read, or is not UTF-8; the error names it.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// Locks the file at `path` until the result is dropped, and creates it if necessary. Waits for other
/// holders.
///
/// # Errors
/// Fails if it cannot be created or locked.
pub fn lock(path: &Path) -> Result<File> {
    let lock = || -> io::Result<File> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = File::create(path)?;
        file.lock()?;
        Ok(file)
    };
    lock().with_context(|| format!("could not lock `{}`", path.display()))
}

/// Returns all files below the directory `path`, sorted by path; `path` itself if it is a file.
///
/// # Errors
/// Fails if a directory cannot be listed.
pub fn below(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    list(path, &mut found)?;
    found.sort();
    Ok(found)
}

fn list(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("could not list `{}`", path.display()))?;
    entries
        .into_iter()
        .try_for_each(|entry| list(&entry?.path(), found))
}

/// Moves the directory `from` to `to`, which does not exist. Where a rename cannot do that, such as between file
/// systems or layers of one, it is copied and removed.
///
/// # Errors
/// Fails if it cannot be read, written or removed.
pub fn move_directory(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy_directory(from, to)?;
            fs::remove_dir_all(from).with_context(|| format!("could not remove `{}`", from.display()))
        }
        moved => moved.with_context(|| format!("could not move `{}` to `{}`", from.display(), to.display())),
    }
}

/// Copies the directory `from` with the modes of its files to `to`.
fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    for path in below(from)? {
        let target = to.join(path.strip_prefix(from).context("a file is elsewhere")?);
        let copy = || -> io::Result<()> {
            if let Some(directory) = target.parent() {
                fs::create_dir_all(directory)?;
            }
            fs::copy(&path, &target).map(drop)
        };
        copy().with_context(|| format!("could not write `{}`", target.display()))?;
    }
    let permissions = fs::metadata(from).map(|found| found.permissions());
    permissions
        .and_then(|permissions| fs::set_permissions(to, permissions))
        .with_context(|| format!("could not set the mode of `{}`", to.display()))
}

/// Compresses `bytes` as `gzip -9 --no-name` does: without name and time, so that equal input gives equal
/// output.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The permissions of a shipped file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everyone may read it.
    Data,
    /// Everyone may read and run it.
    Program,
}

impl Mode {
    /// Returns the mode in the form of `chmod`.
    pub fn bits(self) -> u32 {
        match self {
            Self::Data => 0o644,
            Self::Program => 0o755,
        }
    }
}

/// Replaces the file at `path` by `bytes` in one step: readers see the old file or the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    replace_as(path, bytes, Mode::Data)
}

/// Does the same with a mode, on systems that have modes.
pub fn replace_as(path: &Path, bytes: &[u8], mode: Mode) -> Result<()> {
    let write = || -> Result<()> {
        let directory = path.parent().context("the path has no directory")?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(directory)?;
        file.write_all(bytes)?;
        // Temporary files are private; shipped files are for everyone.
        #[cfg(unix)]
        fs::set_permissions(
            file.path(),
            std::os::unix::fs::PermissionsExt::from_mode(mode.bits()),
        )?;
        #[cfg(not(unix))]
        let _ = mode;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("could not write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn finds_all_files_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("b/c")).unwrap();
        for name in ["b/c/1", "b/2", "a"] {
            fs::write(path(name), name).unwrap();
        }
        assert_eq!(
            below(directory.path()).unwrap(),
            [path("a"), path("b/2"), path("b/c/1")]
        );
        assert_eq!(below(&path("a")).unwrap(), [path("a")]);
    }

    #[test]
    fn moves_and_copies_directories() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("one/a")).unwrap();
        fs::write(path("one/a/b"), "text").unwrap();
        copy_directory(&path("one"), &path("two")).unwrap();
        move_directory(&path("two"), &path("three")).unwrap();
        assert_eq!(fs::read_to_string(path("three/a/b")).unwrap(), "text");
        assert!(path("one").exists() && !path("two").exists());
    }

    #[test]
    fn gzip_is_lossless_and_reproducible() {
        let bytes = b"component ".repeat(1000);
        let compressed = gzip(&bytes).unwrap();
        assert_eq!(compressed, gzip(&bytes).unwrap());
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&compressed[..])
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, bytes);
    }
}
