//! Python environments, each in its own directory inside the cache: `python/<name>-<digest>/` has the packages of
//! `xtask/data/python/<name>.txt`, whose checksums pip checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{digest, progress};
use devkit::cmd;
use xshell::{Shell, cmd};

use super::{
    item::{Installation, Python, State},
    staging::{self, Contents, Stamp},
};

/// The number of digits of a digest that identify a list of packages.
const DIGITS: usize = 8;

/// Options with which pip fetches exactly the listed files, and does not wait too long.
const EXACTLY: [&str; 9] = [
    "--require-hashes",
    "--only-binary=:all:",
    "--no-deps",
    "--disable-pip-version-check",
    "--quiet",
    "--timeout",
    "20",
    "--retries",
    "2",
];

impl Python {
    /// Returns the packages with versions and checksums, in pip's format.
    fn requirements(self) -> &'static str {
        match self {
            Self::Wamr => include_str!("../../data/python/wamr.txt"),
            Self::Zig => include_str!("../../data/python/zig.txt"),
            Self::Acceptance => include_str!("../../data/python/acceptance.txt"),
            Self::Deploy => include_str!("../../data/python/deploy.txt"),
            Self::Lint => include_str!("../../data/python/lint.txt"),
            Self::Release => include_str!("../../data/python/release.txt"),
            Self::Mcp => include_str!("../../data/python/mcp.txt"),
            Self::McpOlder => include_str!("../../data/python/mcp-older.txt"),
            Self::Corpus => include_str!("../../data/python/corpus.txt"),
            Self::Embed => include_str!("../../data/python/embed.txt"),
            Self::Clients => include_str!("../../data/python/clients.txt"),
            Self::Schemathesis => include_str!("../../data/python/schemathesis.txt"),
            Self::Peers => include_str!("../../data/python/peers.txt"),
        }
    }

    /// Returns the version of `package` in the list; the first one if it differs between versions of Python.
    pub(super) fn pinned(self, package: &str) -> Option<&'static str> {
        let line = |line: &'static str| {
            line.strip_prefix(package)?
                .strip_prefix("==")?
                .split_whitespace()
                .next()
        };
        self.requirements().lines().find_map(line)
    }

    /// Returns the version of an environment, which is the digest of its list.
    fn version(self) -> String {
        digest::sha256(self.requirements().as_bytes())[..DIGITS].to_owned()
    }

    fn directory(self, cache: &Path) -> PathBuf {
        cache
            .join("python")
            .join(format!("{}-{}", self.name(), self.version()))
    }
}

/// Finds the environment in `cache`. One that was made with another version of Python counts as missing, because
/// its packages would not be found.
pub(super) fn find(shell: &Shell, cache: &Path, python: Python) -> State {
    let directory = python.directory(cache);
    let programs = programs(&directory);
    if !interpreter(&programs).is_file() {
        return State::Missing(None);
    }
    let current = || series(shell).is_ok_and(|series| made_by(&directory, &series));
    Contents::of(&directory).state(&directory, |stamp| match current() {
        true => State::Found(Installation {
            version: stamp.version,
            path: programs,
            from: stamp.from,
        }),
        false => State::Missing(Some(
            "the existing environment was made with another version of Python".to_owned(),
        )),
    })
}

/// Makes the environment, with the venv module of `python3`.
pub(super) fn install(shell: &Shell, cache: &Path, python: Python) -> Result<()> {
    let directory = python.directory(cache);
    staging::clear(&directory)?;
    let own_pip = make(shell, &directory)?;
    let list = directory.join("requirements.txt");
    fs::write(&list, python.requirements())
        .with_context(|| format!("could not write `{}`", list.display()))?;
    let inside = interpreter(&programs(&directory));
    let pip = match own_pip {
        true => cmd!(shell, "{inside} -m pip"),
        false => cmd!(shell, "python3 -m pip --python {inside}"),
    };
    let what = format!("the Python packages of xtask/data/python/{}.txt", python.name());
    progress::show("Downloading", &what, || {
        cmd::run_quietly(
            pip.arg("install").args(EXACTLY).arg("-r").arg(&list),
            "install Python packages",
            6,
        )
    })?;
    staging::finish(
        &directory,
        &Stamp {
            version: python.version(),
            from: "PyPI".to_owned(),
        },
    )
}

/// Makes an empty environment, and returns whether it has its own pip. It has none if Debian's `python3-venv` is
/// not installed; then the system's pip, if there is one, installs the packages from outside.
fn make(shell: &Shell, directory: &Path) -> Result<bool> {
    let purpose = "make a Python environment, which needs Python 3.9 or later with its venv module \
                   (Debian: `apt-get install python3-venv`)";
    if cmd::run_quietly(cmd!(shell, "python3 -m venv {directory}"), purpose, 6).is_ok() {
        return Ok(true);
    }
    staging::clear(directory)?;
    cmd::run_quietly(cmd!(shell, "python3 -m pip --version"), purpose, 6)?;
    cmd::run_quietly(
        cmd!(shell, "python3 -m venv --without-pip {directory}"),
        purpose,
        6,
    )?;
    Ok(false)
}

/// Returns the minor version of `python3`, such as `3.11`.
fn series(shell: &Shell) -> Result<String> {
    let script = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')";
    cmd::read(cmd!(shell, "python3 -c {script}"), "ask Python for its version")
}

/// Returns whether the environment in `directory` was made by Python `series`.
fn made_by(directory: &Path, series: &str) -> bool {
    let settings = fs::read_to_string(directory.join("pyvenv.cfg")).unwrap_or_default();
    let mut fields = settings.lines().filter_map(|line| line.split_once('='));
    let version = fields.find_map(|(name, value)| (name.trim() == "version").then(|| value.trim()));
    version
        .and_then(|version| version.strip_prefix(series))
        .is_some_and(|rest| rest.starts_with('.'))
}

/// Returns the directory of an environment's programs.
fn programs(directory: &Path) -> PathBuf {
    directory.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

fn interpreter(programs: &Path) -> PathBuf {
    programs.join(if cfg!(windows) { "python.exe" } else { "python3" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_version_and_checksum() {
        for python in Python::ALL {
            let list = python.requirements().replace("\\\n", "");
            let packages: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
            assert!(!packages.is_empty());
            for package in packages {
                let exact = package.contains("==") && package.contains("--hash=sha256:");
                assert!(exact, "{}: {package}", python.name());
            }
        }
    }

    #[test]
    fn finds_pinned_package_by_whole_name() {
        assert!(
            Python::Zig
                .pinned("ziglang")
                .is_some_and(|version| version.starts_with("0."))
        );
        assert_eq!(Python::Zig.pinned("zig"), None);
    }

    #[test]
    fn reads_python_version_of_an_environment() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(
            directory.path().join("pyvenv.cfg"),
            "home = /usr/bin\nversion = 3.11.2\n",
        )
        .unwrap();
        assert!(made_by(directory.path(), "3.11"));
        assert!(!made_by(directory.path(), "3.1") && !made_by(directory.path(), "3.12"));
        assert!(!made_by(&directory.path().join("nowhere"), "3.11"));
    }

    #[test]
    fn ignores_environment_without_a_stamp() {
        let cache = tempfile::tempdir().unwrap();
        let shell = Shell::new().unwrap();
        let programs = programs(&Python::Zig.directory(cache.path()));
        fs::create_dir_all(&programs).unwrap();
        fs::write(interpreter(&programs), "").unwrap();
        assert_eq!(find(&shell, cache.path(), Python::Zig), State::Missing(None));
    }
}
