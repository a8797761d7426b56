//! A copy of `cargo xtask`: a step that tests its package makes cargo build it again, at the path from which other
//! steps start it.

use std::{
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// A copy that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    _directory: TempDir,
}

impl Program {
    /// Copies the program at `original` into `directory`.
    pub(super) fn copy(original: &Path, directory: &Path) -> Result<Self> {
        let here = || {
            format!(
                "could not write a copy of `{}` in `{}`",
                original.display(),
                directory.display()
            )
        };
        let directory = tempfile::Builder::new()
            .prefix("program-")
            .tempdir_in(directory)
            .with_context(here)?;
        let path = directory.path().join(format!("xtask{EXE_SUFFIX}"));
        fs::copy(original, &path).with_context(here)?;
        Ok(Self {
            path,
            _directory: directory,
        })
    }

    /// Returns the path of the copy.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
