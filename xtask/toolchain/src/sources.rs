//! The sources of programs that cargo compiles: cargo downloads a crate, and it is compared with its pin before any of
//! its code runs.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use devkit::cmd;
use xshell::{Shell, cmd};

use super::pins::Checksum;

/// Returns cargo's file of the crate, after a download if there is none yet.
pub(super) fn find(shell: &Shell, cargo: &Path, krate: &str, version: &str) -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let cache = home
        .context("there is no home directory: set CARGO_HOME")?
        .join("registry/cache");
    let name = format!("{krate}-{version}.crate");
    if let Some(found) = in_registries(&cache, &name) {
        return Ok(found);
    }
    let info = cmd!(shell, "{cargo} info --quiet {krate}@{version}");
    cmd::run_quietly(info, "download the crate", 6)?;
    in_registries(&cache, &name)
        .with_context(|| format!("cargo left no `{name}` below `{}`", cache.display()))
}

/// Fails if the file of a crate is not the pinned one.
pub(super) fn check(source: &Path, pinned: &Checksum) -> Result<()> {
    let found = Checksum::of_file(source)?;
    ensure!(
        found == *pinned,
        "`{}` has the SHA-256 sum {found}, and the one in tools.toml is {pinned}",
        source.display()
    );
    Ok(())
}

/// Returns the file `name` of one of the registries below `cache`.
fn in_registries(cache: &Path, name: &str) -> Option<PathBuf> {
    let registries = fs::read_dir(cache).ok()?.flatten();
    registries
        .map(|registry| registry.path().join(name))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_another_crate_of_the_same_version() {
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(in_registries(cache.path(), "x-1.0.0.crate"), None);
        let file = cache.path().join("index.example-0123/x-1.0.0.crate");
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, "right").unwrap();
        let pinned = Checksum::of_file(&file).unwrap();
        let found = in_registries(cache.path(), "x-1.0.0.crate").unwrap();
        assert_eq!(found, file);
        check(&found, &pinned).unwrap();
        fs::write(&file, "wrong").unwrap();
        let error = check(&found, &pinned).unwrap_err().to_string();
        assert!(error.contains("the one in tools.toml is"), "{error}");
    }
}
