//! Shares the downloaded crates with a second cargo home: nothing is downloaded twice, and every source has
//! another path.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::share;

/// Copies our downloaded crates to the cargo home `home`. Cargo unpacks them itself.
pub(super) fn share(home: &Path) -> Result<()> {
    let ours = cargo_home()?;
    share::directory(
        &ours.join("registry/cache"),
        &home.join("registry/cache"),
        &[],
        &share::link,
    )?;
    // Cargo writes to the files of its index.
    share::directory(
        &ours.join("registry/index"),
        &home.join("registry/index"),
        &[],
        &share::copy,
    )?;
    // The configuration of the registries.
    for name in ["config.toml", "config"] {
        let (from, to) = (ours.join(name), home.join(name));
        if from.is_file() {
            fs::copy(&from, &to)
                .map(drop)
                .with_context(|| format!("could not write `{}`", to.display()))?;
        }
    }
    Ok(())
}

/// Returns our own cargo home.
fn cargo_home() -> Result<PathBuf> {
    let chosen = env::var_os("CARGO_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let home = || env::home_dir().map(|home| home.join(".cargo"));
    chosen
        .or_else(home)
        .context("there is no home directory: set CARGO_HOME")
}
