//! The toolchain at another path: compilers know where they are, and what they compile may tell it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use devkit::cmd;
use xshell::cmd;

use super::{share, tree};

/// What nobody compiles with.
const NOT_NEEDED: [&str; 1] = ["share"];

/// Puts the toolchain that the sources at `root` ask for into the folder `home`, and returns the folder of its programs.
pub(super) fn share(root: &Path, home: &Path) -> Result<PathBuf> {
    let shell = tree::at(root)?;
    let sysroot = PathBuf::from(cmd::read(cmd!(shell, "rustc --print sysroot"), "ask rustc for its folder")?);
    let name = sysroot.file_name().context("the toolchain's folder has no name")?;
    let there = home.join(name);
    share::folder(&sysroot, &there, &NOT_NEEDED, &share::link)?;
    Ok(there.join("bin"))
}
