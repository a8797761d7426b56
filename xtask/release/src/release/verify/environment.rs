//! A second build environment on this machine, as another user would have it: checkout, target directory, home,
//! cargo home and toolchain have other paths, none of them as long as ours, and the compiler names another host. The
//! cache of [`Project::cache`] is shared: its tools compile to the same files at any path. A tool that the cache does
//! not have in the version of these sources is compiled in the second environment.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{files, interrupt, on_demand::OWN_FOLDER, progress, rustc};
use devkit::{cmd, project::Project};
use tempfile::TempDir;
use xshell::cmd;

use super::{crates, toolchain, tree};

/// The number of lines of a failed command that are shown.
const TAIL: usize = 60;

/// The environment variables that would change the build, or that describe our own environment.
const NOT_OURS: [&str; 8] = [
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CLAWFT_REVISION",
    "GITHUB_STEP_SUMMARY",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "XDG_CACHE_HOME",
];

/// The second environment.
#[derive(Debug)]
pub(super) struct Environment {
    /// The cache, which checkouts share.
    cache: PathBuf,
    root: PathBuf,
    home: PathBuf,
    target: PathBuf,
    /// The PATH, with the toolchain's programs first.
    path: OsString,
    /// The compiler there.
    rustc: PathBuf,
    _directory: Option<TempDir>,
    /// A lock against other users of the same directory.
    _turn: Option<File>,
}

impl Environment {
    /// Makes a temporary environment with `commit` checked out. Everything is compiled anew.
    pub(super) fn at_commit(project: &Project, commit: &str) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("clawft-elsewhere-").tempdir();
        let directory = directory.context("could not make a temporary directory")?;
        interrupt::remove_at_end(directory.path())?;
        let mut place = Self::below(project, directory.path());
        tree::clone(project, commit, &place.root)?;
        place.furnish()?;
        Ok(Self {
            _directory: Some(directory),
            ..place
        })
    }

    /// Opens an environment in the cache and updates it to the state of our checkout: only changes are compiled
    /// again.
    pub(super) fn kept(project: &Project) -> Result<Self> {
        let directory = project.cache_folder("elsewhere")?;
        let turn = files::lock(&directory.join("lock"))?;
        let mut place = Self {
            _turn: Some(turn),
            ..Self::below(project, &directory)
        };
        tree::follow(project, &place.root)?;
        place.furnish()?;
        Ok(place)
    }

    fn below(project: &Project, directory: &Path) -> Self {
        Self {
            cache: project.cache.clone(),
            root: not_as_long(directory, "another-checkout", &project.root),
            home: directory.join("another-user"),
            target: not_as_long(directory, "another-target", &project.target),
            path: OsString::new(),
            rustc: PathBuf::new(),
            _directory: None,
            _turn: None,
        }
    }

    /// Returns its `target/dist`.
    pub(super) fn dist(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// Runs a command of `cargo xtask` of the sources there.
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
            .env(OWN_FOLDER, self.home.join("build"));
        for variable in NOT_OURS {
            command = command.env_remove(variable);
        }
        let directory = self.home.join("another-host");
        let command = rustc::on_another_host(&shell, &directory, command, &self.rustc)?;
        let shown = words.join(" ".as_ref());
        let shown = shown.to_string_lossy();
        let what = format!("`cargo xtask {shown}`");
        let run = || cmd::run_quietly(command, &format!("run {what} in `{}`", self.root.display()), TAIL);
        progress::show("Running", &format!("{what} in a second environment"), run)
    }

    /// Adds the crates and the toolchain that its builds need.
    fn furnish(&mut self) -> Result<()> {
        let home = self.cargo_home();
        fs::create_dir_all(&home)
            .with_context(|| format!("could not make the directory `{}`", home.display()))?;
        crates::share(&home)?;
        let programs = toolchain::share(&self.root, &self.home.join("toolchains"))?;
        self.rustc = programs.join("rustc");
        let others = env::var_os("PATH").unwrap_or_default();
        let path = [programs].into_iter().chain(env::split_paths(&others));
        self.path = env::join_paths(path).context("could not put the toolchain on the PATH")?;
        Ok(())
    }

    fn cargo_home(&self) -> PathBuf {
        self.home.join("crates")
    }
}

/// Returns a directory `name` whose path is not as long as that of `ours`, because a binary may contain the length
/// of a path.
fn not_as_long(directory: &Path, name: &str, ours: &Path) -> PathBuf {
    let path = directory.join(name);
    if path.as_os_str().len() == ours.as_os_str().len() {
        directory.join(format!("{name}-2"))
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_path_of_another_length() {
        for ours in ["/one/name", "/on/name2", "/x"] {
            let path = not_as_long("/one".as_ref(), "name", ours.as_ref());
            assert!(
                path.starts_with("/one/") && path.as_os_str().len() != ours.len(),
                "{}",
                path.display()
            );
        }
    }
}
