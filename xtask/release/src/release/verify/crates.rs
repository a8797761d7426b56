//! The crates that cargo has downloaded, for a cargo with another home: nothing is downloaded twice, and every path of a source
//! is another one.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::share;

/// Brings the home of another cargo, `home`, up to date with what ours has downloaded. It unpacks the crates by itself.
pub(super) fn share(home: &Path) -> Result<()> {
    let ours = cargo_home()?;
    share::folder(&ours.join("registry/cache"), &home.join("registry/cache"), &[], &share::link)?;
    // Cargo writes into the files of its index.
    share::folder(&ours.join("registry/index"), &home.join("registry/index"), &[], &share::copy)?;
    // Where a machine has crates from.
    for name in ["config.toml", "config"] {
        let (from, to) = (ours.join(name), home.join(name));
        if from.is_file() {
            fs::copy(&from, &to).map(drop).with_context(|| format!("could not write `{}`", to.display()))?;
        }
    }
    Ok(())
}

/// The home of our own cargo.
fn cargo_home() -> Result<PathBuf> {
    let chosen = env::var_os("CARGO_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || env::home_dir().map(|home| home.join(".cargo"));
    chosen.or_else(home).context("there is no home folder: set CARGO_HOME")
}
