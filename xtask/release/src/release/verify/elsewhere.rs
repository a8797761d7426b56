//! Another place on this machine, as another user would have it: checkout, target folder, home, cargo's home and toolchain are at
//! other paths, and none is as long as ours. What [`Project::cache`] keeps is the same: tools, which compile the same wherever
//! they are. One that is not there as these sources have it is compiled in that place.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::{cargo, cmd, files, project::Project, ui};
use tempfile::TempDir;
use xshell::cmd;

use super::{crates, toolchain, tree};

/// As many lines of a command that failed are shown.
const TAIL: usize = 60;

/// What from outside would decide what is built, or is about ours.
const NOT_OURS: [&str; 7] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CLAWFT_REVISION",
    "GITHUB_STEP_SUMMARY",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "XDG_CACHE_HOME",
];

/// The place.
#[derive(Debug)]
pub(super) struct Elsewhere {
    /// What is kept between checkouts.
    cache: PathBuf,
    root: PathBuf,
    home: PathBuf,
    target: PathBuf,
    /// The toolchain's programs, before all others.
    path: OsString,
    _folder: Option<TempDir>,
    /// Held against whoever else would use the same place.
    _turn: Option<File>,
}

impl Elsewhere {
    /// A place that is removed in the end, with `commit` checked out. Everything is compiled from the beginning.
    pub(super) fn at_commit(project: &Project, commit: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("clawft-elsewhere-").tempdir();
        let folder = folder.context("could not make a temporary folder")?;
        let mut place = Self::below(project, folder.path());
        tree::clone(project, commit, &place.root)?;
        place.furnish()?;
        Ok(Self { _folder: Some(folder), ..place })
    }

    /// A place that is kept in the cache, brought to the state of our checkout: what did not change is not compiled again.
    pub(super) fn kept(project: &Project) -> Result<Self> {
        let folder = project.cache_folder("elsewhere")?;
        let turn = files::lock(&folder.join("lock"))?;
        let mut place = Self { _turn: Some(turn), ..Self::below(project, &folder) };
        tree::follow(project, &place.root)?;
        place.furnish()?;
        Ok(place)
    }

    fn below(project: &Project, folder: &Path) -> Self {
        Self {
            cache: project.cache.clone(),
            root: not_as_long(folder, "another-checkout", &project.root),
            home: folder.join("another-user"),
            target: not_as_long(folder, "another-target", &project.target),
            path: OsString::new(),
            _folder: None,
            _turn: None,
        }
    }

    /// What is shipped there.
    pub(super) fn dist(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// Runs a command of the sources that are there.
    pub(super) fn xtask(&self, words: &[OsString]) -> Result<()> {
        let shell = tree::at(&self.root)?;
        let mut command = cmd!(shell, "cargo xtask {words...}")
            .env("HOME", &self.home)
            .env("USER", "another-user")
            .env("LOGNAME", "another-user")
            .env("CARGO_HOME", self.cargo_home())
            .env("PATH", &self.path)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CLAWFT_CACHE", &self.cache)
            .env(cargo::OWN_FOLDER, self.home.join("build"));
        for variable in NOT_OURS {
            command = command.env_remove(variable);
        }
        let shown = words.join(" ".as_ref());
        let shown = shown.to_string_lossy();
        let what = format!("`cargo xtask {shown}`");
        let run = || cmd::run_quietly(command, &format!("run {what} in `{}`", self.root.display()), TAIL);
        ui::progress("Running", &format!("{what} elsewhere"), run)
    }

    /// Brings what it takes to build the checkout that is there.
    fn furnish(&mut self) -> Result<()> {
        let home = self.cargo_home();
        fs::create_dir_all(&home)
            .with_context(|| format!("could not make the folder `{}`", home.display()))?;
        crates::share(&home)?;
        let programs = toolchain::share(&self.root, &self.home.join("toolchains"))?;
        let others = env::var_os("PATH").unwrap_or_default();
        let path = [programs].into_iter().chain(env::split_paths(&others));
        self.path = env::join_paths(path).context("could not put the toolchain on the PATH")?;
        Ok(())
    }

    fn cargo_home(&self) -> PathBuf {
        self.home.join("crates")
    }
}

/// A folder called `name` whose path is not as long as that of `ours`: a length that stands in a binary would be the same.
fn not_as_long(folder: &Path, name: &str, ours: &Path) -> PathBuf {
    let path = folder.join(name);
    if path.as_os_str().len() == ours.as_os_str().len() { folder.join(format!("{name}-2")) } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_as_long_as_ours() {
        for ours in ["/one/name", "/on/name2", "/x"] {
            let path = not_as_long("/one".as_ref(), "name", ours.as_ref());
            assert!(path.starts_with("/one/") && path.as_os_str().len() != ours.len(), "{}", path.display());
        }
    }
}
