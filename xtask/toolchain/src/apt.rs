//! apt with its own lists and directories inside the cache. The system's lists and packages do not change, and no
//! privilege is needed.
//!
//! apt checks every package against Debian's signed index.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use builds::progress;
use devkit::cmd;
use xshell::{Cmd, Shell, cmd};

use super::apt_lists::Mirror;

/// Options for apt. The timeout is shorter than apt's default of two minutes for a server that does not answer.
const OPTIONS: [&str; 10] = [
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
    "Acquire::Retries=1",
    "Acquire::Languages=none",
    "APT::Get::List-Cleanup=true",
    "APT::Install-Recommends=false",
    // As root, apt downloads as an unprivileged user, who cannot enter root's cache directory.
    "APT::Sandbox::User=root",
    // Nothing of the system changes, so no lock is needed, and users without the right to lock can still run apt.
    "Debug::NoLocking=true",
    "Dir::Etc::sourceparts=-",
    "quiet=2",
];

/// A package in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// Debian's version of the package.
    pub(super) version: String,
}

/// One suite of a mirror, as apt sees it.
#[derive(Debug)]
pub(super) struct Apt<'a> {
    shell: &'a Shell,
    /// The directory of all our files.
    directory: PathBuf,
    /// The suite, for messages.
    pub(super) suite: String,
}

impl<'a> Apt<'a> {
    /// Reads the index of `suite`. All files are kept below `directory`.
    pub(super) fn new(shell: &'a Shell, directory: &Path, mirror: &Mirror, suite: &str) -> Result<Self> {
        let directory = directory.join("apt").join(suite);
        let apt = Self {
            shell,
            directory,
            suite: suite.to_owned(),
        };
        for directory in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(apt.directory.join(directory))?;
        }
        let list = apt.list();
        fs::write(&list, mirror.stanza(suite))
            .with_context(|| format!("could not write `{}`", list.display()))?;
        progress::show("Updating", "the index of Debian's packages", || {
            cmd::run_quietly(apt.command("apt-get").arg("update"), "read Debian's index", 6)
        })?;
        Ok(apt)
    }

    /// Returns the versions of the package `name` as `apt-cache madison` prints them, the newest first.
    pub(super) fn versions(&self, name: &str) -> Result<String> {
        cmd::read(
            self.command("apt-cache").args(["madison", name]),
            "ask apt for versions",
        )
    }

    /// Returns the packages `names` and their dependencies, without those that the system has.
    pub(super) fn missing(&self, names: &[String]) -> Result<Vec<Package>> {
        let simulate = self
            .command("apt-get")
            .args(["install", "--simulate"])
            .args(names);
        let asked = cmd::output(
            simulate.env("LC_ALL", "C"),
            "ask apt for the dependencies of a package",
        )?;
        let said = String::from_utf8_lossy(&asked.stderr);
        ensure!(
            asked.status.success(),
            "apt could not find the dependencies of `{}`: {}",
            names[0],
            said.trim_end()
        );
        Ok(planned(&String::from_utf8_lossy(&asked.stdout)))
    }

    /// Downloads `packages` and unpacks all of them into one directory, as if that were `/`. Calls `check` with
    /// each archive before it is unpacked.
    pub(super) fn unpack(
        &self,
        packages: &[Package],
        into: &Path,
        check: impl Fn(&Path) -> Result<()>,
    ) -> Result<()> {
        let [first, others @ ..] = packages else {
            return Ok(());
        };
        let more = match others.len() {
            0 => String::new(),
            count => format!(" and {count} dependencies"),
        };
        let what = format!("{} {}{more}", first.name, first.version);
        progress::show("Downloading", &what, || self.download(packages, into))?;
        progress::show("Unpacking", &what, || {
            archives(into)?.into_iter().try_for_each(|archive| {
                check(&archive)?;
                cmd::run_quietly(
                    cmd!(self.shell, "dpkg -x {archive} {into}"),
                    "unpack a package",
                    6,
                )?;
                Ok(fs::remove_file(archive)?)
            })
        })
    }

    fn download(&self, packages: &[Package], into: &Path) -> Result<()> {
        let _here = self.shell.push_dir(into);
        let exact = packages
            .iter()
            .map(|package| format!("{}={}", package.name, package.version));
        let command = self.command("apt-get").arg("download").args(exact);
        cmd::run_quietly(command, "download Debian's packages", 6)
    }

    fn list(&self) -> PathBuf {
        self.directory.join("list.sources")
    }

    fn command(&self, program: &str) -> Cmd<'a> {
        let directories = [
            ("Dir::Etc::sourcelist", self.list()),
            ("Dir::State", self.directory.clone()),
            // The list of the system's packages; by default it is below the directory above.
            ("Dir::State::status", PathBuf::from("/var/lib/dpkg/status")),
            ("Dir::State::lists", self.directory.join("lists")),
            ("Dir::Cache", self.directory.join("cache")),
        ];
        let directories = directories.map(|(option, directory)| format!("{option}={}", directory.display()));
        let options = OPTIONS.map(str::to_owned).into_iter().chain(directories);
        cmd!(self.shell, "{program}").args(options.flat_map(|option| ["-o".to_owned(), option]))
    }
}

/// Parses the output of `apt-get install --simulate`: `Inst name [installed version] (version Debian:… [arch])`.
fn planned(plan: &str) -> Vec<Package> {
    plan.lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
            let version = rest.split_once('(')?.1.split_whitespace().next()?;
            Some(Package {
                name: name.to_owned(),
                version: version.to_owned(),
            })
        })
        .collect()
}

fn archives(directory: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    Ok(paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "deb"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_new_and_newer_packages() {
        let plan = "Inst libxnvctrl0 (525.85.05-3~deb12u1 Debian:12.13/oldstable [amd64])\n\
                    Inst libgbm1 [22.3.6-1] (22.3.6-1+deb12u1 Debian:12.13/oldstable [amd64]) []\n\
                    Conf libxnvctrl0 (525.85.05-3~deb12u1 Debian:12.13/oldstable [amd64])\n";
        let package = |name: &str, version: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
        };
        let expected = [
            package("libxnvctrl0", "525.85.05-3~deb12u1"),
            package("libgbm1", "22.3.6-1+deb12u1"),
        ];
        assert_eq!(planned(plan), expected);
        assert!(planned("").is_empty());
    }
}
