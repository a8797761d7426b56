//! Where things are: the workspace, what is built, and what is kept between builds.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use xshell::Shell;

/// A file that only the workspace's root has at this path.
const MARKER: &str = "xtask/devkit/Cargo.toml";

/// The checkout and its folders. All paths are absolute.
#[derive(Clone, Debug)]
pub struct Project {
    /// The workspace root.
    pub root: PathBuf,
    /// Cargo's target folder: `target/` in the root, or wherever `CARGO_TARGET_DIR` points.
    pub target: PathBuf,
    /// What is shipped: `<target>/dist`.
    pub dist: PathBuf,
    /// What outlives a checkout, such as downloaded tools and the compiled Binaryen: `CLAWFT_CACHE`, or `clawft` in the
    /// user's cache folder.
    pub cache: PathBuf,
}

impl Project {
    /// Finds the workspace and its directories.
    ///
    /// # Errors
    /// Fails if the workspace is not found, or cargo cannot read it.
    pub fn discover() -> Result<Self> {
        let root = root()?;
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("could not read the workspace with `cargo metadata`")?;
        let target = metadata.target_directory.into_std_path_buf();
        Ok(Self { root, dist: target.join("dist"), target, cache: cache_folder()? })
    }

    /// A shell that stands in the workspace root.
    pub fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current folder")?;
        shell.change_dir(&self.root);
        Ok(shell)
    }

    /// A folder below the cache, made if it is not there.
    pub fn cache_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.cache.join(name);
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
        Ok(folder)
    }
}

/// Finds the workspace's root: that of the cargo that runs this program. A program that is run without cargo takes the workspace
/// that it was built from, or the one around the current directory.
///
/// The path at build time is not enough: cargo takes a program for fresh in a checkout that was renamed or copied, and in another
/// checkout with the same target directory.
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
    let from_env = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = from_env("CLAWFT_CACHE") {
        return std::path::absolute(&folder)
            .with_context(|| format!("bad CLAWFT_CACHE `{}`", folder.display()));
    }
    from_env("XDG_CACHE_HOME")
        .filter(|folder| folder.is_absolute())
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .map(|folder| folder.join("clawft"))
        .context("there is no home folder to keep tools in: set CLAWFT_CACHE to a folder")
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
        assert_eq!(found(&[other.join("xtask"), one.join("xtask/devkit")]), Some(other));
        assert_eq!(found(&[checkouts.path().join("gone/xtask"), one.clone()]), Some(one));
        assert_eq!(found(&[checkouts.path().to_owned()]), None);
    }
}
