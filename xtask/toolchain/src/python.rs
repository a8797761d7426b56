//! Python environments, each in a folder of its own inside the cache: `python/<name>-<digest>/` holds the packages of
//! `xtask/python/<name>.txt`, whose sums pip checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::{cmd, digest, ui};
use xshell::{Shell, cmd};

use super::{
    item::{Piece, Python, State},
    staging::{self, Contents, Stamp},
};

/// As many digits of the digest tell one list of packages from another.
const DIGITS: usize = 8;

/// What pip is told so that it takes the listed files and no others, and does not wait for ever.
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
    /// The packages with their versions and sums, as pip reads them.
    fn requirements(self) -> &'static str {
        match self {
            Self::Wamr => include_str!("../../python/wamr.txt"),
            Self::Zig => include_str!("../../python/zig.txt"),
            Self::Acceptance => include_str!("../../python/acceptance.txt"),
            Self::Deploy => include_str!("../../python/deploy.txt"),
            Self::Lint => include_str!("../../python/lint.txt"),
            Self::Release => include_str!("../../python/release.txt"),
        }
    }

    /// The version of `package` in the list, the first where it differs between Pythons.
    pub(super) fn pinned(self, package: &str) -> Option<&'static str> {
        let line =
            |line: &'static str| line.strip_prefix(package)?.strip_prefix("==")?.split_whitespace().next();
        self.requirements().lines().find_map(line)
    }

    /// The version of an environment: its list's digest.
    fn version(self) -> String {
        digest::sha256(self.requirements().as_bytes())[..DIGITS].to_owned()
    }

    fn folder(self, cache: &Path) -> PathBuf {
        cache.join("python").join(format!("{}-{}", self.name(), self.version()))
    }
}

/// Looks for the environment in `cache`. One that was made with another Python is not there: its packages would not be
/// found.
pub(super) fn find(shell: &Shell, cache: &Path, python: Python) -> State {
    let folder = python.folder(cache);
    let programs = programs(&folder);
    if !interpreter(&programs).is_file() {
        return State::Missing(None);
    }
    let current = || series(shell).is_ok_and(|series| made_by(&folder, &series));
    Contents::of(&folder).state(&folder, |stamp| match current() {
        true => State::Found(Piece { version: stamp.version, path: programs, from: stamp.from }),
        false => State::Missing(Some("the environment there was made with another Python".to_owned())),
    })
}

/// Makes the environment, with `python3`'s own venv.
pub(super) fn install(shell: &Shell, cache: &Path, python: Python) -> Result<()> {
    let folder = python.folder(cache);
    staging::clear(&folder)?;
    let own_pip = make(shell, &folder)?;
    let list = folder.join("requirements.txt");
    fs::write(&list, python.requirements())
        .with_context(|| format!("could not write `{}`", list.display()))?;
    let inside = interpreter(&programs(&folder));
    let pip = match own_pip {
        true => cmd!(shell, "{inside} -m pip"),
        false => cmd!(shell, "python3 -m pip --python {inside}"),
    };
    let what = format!("the Python packages of xtask/python/{}.txt", python.name());
    ui::progress("Downloading", &what, || {
        cmd::run_quietly(pip.arg("install").args(EXACTLY).arg("-r").arg(&list), "install Python packages", 6)
    })?;
    staging::finish(&folder, &Stamp { version: python.version(), from: "PyPI".to_owned() })
}

/// Makes an empty environment, and returns whether it has a pip of its own. It has none where Debian's `python3-venv` is
/// missing; the system's pip, if there is one, then does it from outside.
fn make(shell: &Shell, folder: &Path) -> Result<bool> {
    let purpose = "make a Python environment; it takes Python 3.9 or later with its venv module \
                   (Debian: `apt-get install python3-venv`)";
    if cmd::run_quietly(cmd!(shell, "python3 -m venv {folder}"), purpose, 6).is_ok() {
        return Ok(true);
    }
    staging::clear(folder)?;
    cmd::run_quietly(cmd!(shell, "python3 -m pip --version"), purpose, 6)?;
    cmd::run_quietly(cmd!(shell, "python3 -m venv --without-pip {folder}"), purpose, 6)?;
    Ok(false)
}

/// The series of the `python3` there is, such as `3.11`.
fn series(shell: &Shell) -> Result<String> {
    let script = "import sys; print(f'{sys.version_info[0]}.{sys.version_info[1]}')";
    cmd::read(cmd!(shell, "python3 -c {script}"), "ask Python for its version")
}

/// Whether the environment in `folder` says that it was made by Python `series`.
fn made_by(folder: &Path, series: &str) -> bool {
    let settings = fs::read_to_string(folder.join("pyvenv.cfg")).unwrap_or_default();
    let mut fields = settings.lines().filter_map(|line| line.split_once('='));
    let version = fields.find_map(|(name, value)| (name.trim() == "version").then(|| value.trim()));
    version.and_then(|version| version.strip_prefix(series)).is_some_and(|rest| rest.starts_with('.'))
}

/// Where an environment keeps its programs.
fn programs(folder: &Path) -> PathBuf {
    folder.join(if cfg!(windows) { "Scripts" } else { "bin" })
}

fn interpreter(programs: &Path) -> PathBuf {
    programs.join(if cfg!(windows) { "python.exe" } else { "python3" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_version_and_a_sum() {
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
    fn a_pinned_package_is_found_by_its_whole_name() {
        assert!(Python::Zig.pinned("ziglang").is_some_and(|version| version.starts_with("0.")));
        assert_eq!(Python::Zig.pinned("zig"), None);
    }

    #[test]
    fn an_environment_knows_which_python_made_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pyvenv.cfg"), "home = /usr/bin\nversion = 3.11.2\n").unwrap();
        assert!(made_by(folder.path(), "3.11"));
        assert!(!made_by(folder.path(), "3.1") && !made_by(folder.path(), "3.12"));
        assert!(!made_by(&folder.path().join("nowhere"), "3.11"));
    }

    #[test]
    fn an_environment_without_a_stamp_is_not_there() {
        let (cache, shell) = (tempfile::tempdir().unwrap(), Shell::new().unwrap());
        let programs = programs(&Python::Zig.folder(cache.path()));
        fs::create_dir_all(&programs).unwrap();
        fs::write(interpreter(&programs), "").unwrap();
        assert_eq!(find(&shell, cache.path(), Python::Zig), State::Missing(None));
    }
}
