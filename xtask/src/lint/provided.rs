//! The tools of the checks, from the package `toolchain`.

use std::path::PathBuf;

use anyhow::Result;
use devkit::{package::TOOLCHAIN, project::Project};
use flags::Provided;

/// Returns the path of `item`, which is installed if it is missing.
///
/// # Errors
///
/// Fails if the item cannot be installed; the reason has been printed.
pub(super) fn path(project: &Project, item: Provided) -> Result<PathBuf> {
    let name = item.name();
    let path = TOOLCHAIN.read(project, ["provide", &name], &format!("set up `{name}`"))?;
    Ok(PathBuf::from(path))
}

/// Installs the WASI targets if they are missing.
///
/// # Errors
///
/// Fails as [`path`] does.
pub(super) fn ensure_wasm_targets(project: &Project) -> Result<()> {
    path(project, Provided::WasmTargets).map(drop)
}
