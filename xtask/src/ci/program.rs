//! This program, kept as it is: a step that tests this package has cargo build it anew, in the very place where we run.

use std::{
    env,
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// A copy that is removed in the end.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    _folder: TempDir,
}

impl Program {
    /// Copies the running program into `folder`.
    pub(super) fn copy(folder: &Path) -> Result<Self> {
        let here = || format!("could not keep a copy of this program in `{}`", folder.display());
        let own = env::current_exe().context("could not find this program's own file")?;
        let folder = tempfile::Builder::new().prefix("program-").tempdir_in(folder).with_context(here)?;
        let path = folder.path().join(format!("xtask{EXE_SUFFIX}"));
        fs::copy(&own, &path).with_context(here)?;
        Ok(Self { path, _folder: folder })
    }

    /// Where the copy is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
