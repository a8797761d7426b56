//! Where things are: the workspace, what is built, and what is kept between builds.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use xshell::Shell;

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
    /// Finds the workspace that this program was built from.
    pub fn discover() -> Result<Self> {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("devkit is in no workspace")?;
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("could not read the workspace with `cargo metadata`")?;
        let target = metadata.target_directory.into_std_path_buf();
        Ok(Self { root: root.to_path_buf(), dist: target.join("dist"), target, cache: cache_folder()? })
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
