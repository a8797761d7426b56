//! The toolchain at another path: a compiler knows its own path, and could write it to its output.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use devkit::cmd;
use xshell::cmd;

use super::{share, tree};

/// The directories that compiling does not need.
const NOT_NEEDED: [&str; 1] = ["share"];

/// Shares the toolchain of the sources at `root` with the directory `home`, and returns the directory of its
/// programs.
pub(super) fn share(root: &Path, home: &Path) -> Result<PathBuf> {
    let shell = tree::at(root)?;
    let sysroot = PathBuf::from(cmd::read(
        cmd!(shell, "rustc --print sysroot"),
        "ask rustc for its directory",
    )?);
    let name = sysroot
        .file_name()
        .context("the toolchain's directory has no name")?;
    let there = home.join(name);
    share::directory(&sysroot, &there, &NOT_NEEDED, &share::link)?;
    Ok(there.join("bin"))
}
