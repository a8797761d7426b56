//! Paths of the project: the workspace, the build results, and the cache.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::cmd;

/// A file that only the workspace's root has at this path.
const MARKER: &str = "xtask/devkit/Cargo.toml";

/// The checkout and its directories. All paths are absolute.
#[derive(Clone, Debug)]
pub struct Project {
    /// The workspace root.
    pub root: PathBuf,
    /// Cargo's target directory: `target/` in the root, or the value of `CARGO_TARGET_DIR`.
    pub target: PathBuf,
    /// The directory of shipped artifacts: `<target>/dist`.
    pub dist: PathBuf,
    /// The directory of data that outlives a checkout, such as downloaded tools and the compiled Binaryen:
    /// `CLAWFT_CACHE`, or `clawft` in the user's cache directory.
    pub cache: PathBuf,
}

/// The root, which is where the project's files are.
impl AsRef<Path> for Project {
    fn as_ref(&self) -> &Path {
        &self.root
    }
}

impl Project {
    /// Finds the workspace and its directories.
    ///
    /// # Errors
    /// Fails if the workspace is not found, or cargo cannot read it.
    pub fn discover() -> Result<Self> {
        let root = root()?;
        let target = target_directory(&root).context("could not read the workspace with `cargo metadata`")?;
        Ok(Self {
            root,
            dist: target.join("dist"),
            target,
            cache: cache_folder()?,
        })
    }

    /// Returns a shell in the workspace root.
    pub fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(&self.root);
        Ok(shell)
    }

    /// Returns a directory below the cache, and creates it if necessary.
    pub fn cache_folder(&self, name: &str) -> Result<PathBuf> {
        let directory = self.cache.join(name);
        fs::create_dir_all(&directory)
            .with_context(|| self.cache_failure())
            .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
        Ok(directory)
    }

    /// Returns the error message for a cache that cannot be written to, such as a full or read-only one. The cause
    /// goes below it.
    pub fn cache_failure(&self) -> String {
        let cache = self.cache.display();
        format!("could not write to the cache `{cache}`: set CLAWFT_CACHE to another directory")
    }
}

/// Asks cargo for the target directory of the workspace at `root`.
fn target_directory(root: &Path) -> Result<PathBuf> {
    let shell = Shell::new().context("could not find the current directory")?;
    let manifest = root.join("Cargo.toml");
    // The cargo that runs this program, even if it is not in PATH.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = cmd!(
        shell,
        "{cargo} metadata --locked --no-deps --format-version 1 --manifest-path {manifest}"
    );
    let output = cmd::output(metadata, "ask cargo for the workspace")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).context("its output is not JSON")?;
    let target = metadata.get("target_directory").and_then(Value::as_str);
    target.map(PathBuf::from).context("it names no target directory")
}

/// Finds the workspace's root: that of the cargo that runs this program. A program that is run without cargo takes
/// the workspace that it was built from, or the one around the current directory.
///
/// The path at build time is not enough: cargo takes a program for fresh in a checkout that was renamed or copied,
/// and in another checkout with the same target directory.
///
/// # Errors
/// Fails if none of them is there.
pub fn root() -> Result<PathBuf> {
    let of_cargo = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let of_build = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let candidates = [of_cargo, Some(of_build), env::current_dir().ok()];
    first_workspace(candidates.into_iter().flatten())
        .context("could not find the workspace: run `cargo xtask` in a checkout of clawft")
}

/// Returns the first workspace that one of `directories` is in.
fn first_workspace(mut directories: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let is_root = |directory: &&Path| directory.join(MARKER).is_file();
    directories.find_map(|directory| directory.ancestors().find(is_root).map(Path::to_path_buf))
}

fn cache_folder() -> Result<PathBuf> {
    let from_env = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(directory) = from_env("CLAWFT_CACHE") {
        return std::path::absolute(&directory)
            .with_context(|| format!("bad CLAWFT_CACHE `{}`", directory.display()));
    }
    from_env("XDG_CACHE_HOME")
        .filter(|directory| directory.is_absolute())
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .map(|directory| directory.join("clawft"))
        .context("there is no home directory to keep tools in: set CLAWFT_CACHE to a directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_workspace_of_the_running_cargo() {
        let checkouts = tempfile::tempdir().unwrap();
        let one = checkouts.path().join("one");
        let other = checkouts.path().join("other");
        for checkout in [&one, &other] {
            fs::create_dir_all(checkout.join("xtask/devkit")).unwrap();
            fs::write(checkout.join(MARKER), "").unwrap();
        }
        let found = |directories: &[PathBuf]| first_workspace(directories.iter().cloned());
        assert_eq!(
            found(&[other.join("xtask"), one.join("xtask/devkit")]),
            Some(other)
        );
        assert_eq!(
            found(&[checkouts.path().join("gone/xtask"), one.clone()]),
            Some(one)
        );
        assert_eq!(found(&[checkouts.path().to_owned()]), None);
    }
}
