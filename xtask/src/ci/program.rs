//! A copy of this program: a step that tests this package makes cargo build it again, at the path of the running
//! one.

use std::{
    env,
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
    /// Copies the running program into `directory`.
    pub(super) fn copy(directory: &Path) -> Result<Self> {
        let here = || {
            format!(
                "could not write a copy of this program in `{}`",
                directory.display()
            )
        };
        let own = env::current_exe().context("could not find this program's own file")?;
        let directory = tempfile::Builder::new()
            .prefix("program-")
            .tempdir_in(directory)
            .with_context(here)?;
        let path = directory.path().join(format!("xtask{EXE_SUFFIX}"));
        fs::copy(&own, &path).with_context(here)?;
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
