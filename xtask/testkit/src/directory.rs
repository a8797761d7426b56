//! The directory that the cases of a run work in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::interrupt;
use devkit::ui;
use disk_shim::{Effects, Shim};
use tempfile::TempDir;
use xshell::Shell;

use crate::outcome::excerpt;

/// The maximum number of characters of a stream or a request in the description of a failure.
pub const SHOWN: usize = 2000;

/// A temporary directory, removed when it is dropped unless it is to be kept.
#[derive(Debug)]
pub enum WorkDirectory {
    /// Removed at the end.
    Removed(TempDir),
    /// Kept for inspection.
    Kept(PathBuf),
}

impl WorkDirectory {
    /// Makes a directory. With `keep`, it outlives the run, and its path is reported.
    pub fn new(keep: bool) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("clawft-runs-").tempdir();
        let directory = directory.context("could not make a temporary directory")?;
        if !keep {
            interrupt::remove_at_end(directory.path())?;
            return Ok(Self::Removed(directory));
        }
        let path = directory.keep();
        ui::status("Keeping", &path.display().to_string());
        Ok(Self::Kept(path))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Removed(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }

    /// Returns effects on the disk and the clock of a program that is linked with the C library, with no effect
    /// yet.
    pub fn effects(&self) -> Result<Effects> {
        ensure!(cfg!(target_os = "linux"), "a slow disk needs Linux");
        let directory = tempfile::tempdir_in(self.path())
            .context("could not make a directory")?
            .keep();
        Ok(Shim::compile(&directory)
            .context("could not compile the disk shim")?
            .effects())
    }

    /// Returns a shell in this directory, for one thread: shells are not shared between threads.
    pub fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(self.path());
        Ok(shell)
    }
}

/// Returns the files in `directory`, such as the streams of a case's runs, as pairs of a path and a text.
/// Subdirectories are included, except those called `hidden`.
pub fn text_files(directory: &Path, hidden: &str) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).into_owned();
            files.push((name, excerpt(&text, SHOWN)));
        } else if name != hidden {
            let within = text_files(&entry.path(), hidden)?;
            files.extend(
                within
                    .into_iter()
                    .map(|(inner, text)| (format!("{name}/{inner}"), text)),
            );
        }
    }
    files.sort();
    Ok(files)
}
