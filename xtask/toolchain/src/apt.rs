//! apt with lists and folders of its own inside the cache, so that neither the system's lists nor its packages change and no
//! privilege is needed.
//!
//! apt checks every package against Debian's signed index.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use devkit::{cmd, ui};
use xshell::{Cmd, Shell, cmd};

use super::apt_lists::Mirror;

/// A server that does not answer must not hold anyone up for the two minutes that apt would give it.
const OPTIONS: [&str; 10] = [
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
    "Acquire::Retries=1",
    "Acquire::Languages=none",
    "APT::Get::List-Cleanup=true",
    "APT::Install-Recommends=false",
    // The unprivileged user that apt downloads as for root cannot enter root's cache folder.
    "APT::Sandbox::User=root",
    // Nothing of the system's is changed, so there is nothing to lock, and who may not lock it can still ask.
    "Debug::NoLocking=true",
    "Dir::Etc::sourceparts=-",
    "quiet=2",
];

/// A package in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// Debian's version of it.
    pub(super) version: String,
}

/// One suite of a mirror, as apt sees it.
#[derive(Debug)]
pub(super) struct Apt<'a> {
    shell: &'a Shell,
    /// Everything of ours is in here.
    folder: PathBuf,
    /// The suite, for the user to read.
    pub(super) suite: String,
}

impl<'a> Apt<'a> {
    /// Reads the index of `suite`. Everything is kept below `folder`.
    pub(super) fn new(shell: &'a Shell, folder: &Path, mirror: &Mirror, suite: &str) -> Result<Self> {
        let folder = folder.join("apt").join(suite);
        let apt = Self { shell, folder, suite: suite.to_owned() };
        for folder in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(apt.folder.join(folder))?;
        }
        let list = apt.list();
        fs::write(&list, mirror.stanza(suite))
            .with_context(|| format!("could not write `{}`", list.display()))?;
        ui::progress("Updating", "the index of Debian's packages", || {
            cmd::run_quietly(apt.command("apt-get").arg("update"), "read Debian's index", 6)
        })?;
        Ok(apt)
    }

    /// The versions of the package `name` as `apt-cache madison` prints them, the newest first.
    pub(super) fn versions(&self, name: &str) -> Result<String> {
        cmd::read(self.command("apt-cache").args(["madison", name]), "ask apt for versions")
    }

    /// The packages `names` and what they depend on, as far as the system does not have it.
    pub(super) fn missing(&self, names: &[String]) -> Result<Vec<Package>> {
        let simulate = self.command("apt-get").args(["install", "--simulate"]).args(names);
        let asked = cmd::output(simulate.env("LC_ALL", "C"), "ask apt what a package depends on")?;
        let said = String::from_utf8_lossy(&asked.stderr);
        ensure!(asked.status.success(), "apt cannot tell what `{}` needs: {}", names[0], said.trim_end());
        Ok(planned(&String::from_utf8_lossy(&asked.stdout)))
    }

    /// Downloads `packages` and unpacks them into one and the same folder, as if that were `/`. `check` is given each
    /// archive before it is unpacked.
    pub(super) fn unpack(
        &self,
        packages: &[Package],
        into: &Path,
        check: impl Fn(&Path) -> Result<()>,
    ) -> Result<()> {
        let [first, others @ ..] = packages else { return Ok(()) };
        let more = match others.len() {
            0 => String::new(),
            count => format!(" and {count} packages that it needs"),
        };
        let what = format!("{} {}{more}", first.name, first.version);
        ui::progress("Downloading", &what, || self.download(packages, into))?;
        ui::progress("Unpacking", &what, || {
            archives(into)?.into_iter().try_for_each(|archive| {
                check(&archive)?;
                cmd::run_quietly(cmd!(self.shell, "dpkg -x {archive} {into}"), "unpack a package", 6)?;
                Ok(fs::remove_file(archive)?)
            })
        })
    }

    fn download(&self, packages: &[Package], into: &Path) -> Result<()> {
        let _here = self.shell.push_dir(into);
        let exact = packages.iter().map(|package| format!("{}={}", package.name, package.version));
        let command = self.command("apt-get").arg("download").args(exact);
        cmd::run_quietly(command, "download Debian's packages", 6)
    }

    fn list(&self) -> PathBuf {
        self.folder.join("list.sources")
    }

    fn command(&self, program: &str) -> Cmd<'a> {
        let folders = [
            ("Dir::Etc::sourcelist", self.list()),
            ("Dir::State", self.folder.clone()),
            // Which packages the system has, which follows the folder above if it is not named.
            ("Dir::State::status", PathBuf::from("/var/lib/dpkg/status")),
            ("Dir::State::lists", self.folder.join("lists")),
            ("Dir::Cache", self.folder.join("cache")),
        ];
        let folders = folders.map(|(option, folder)| format!("{option}={}", folder.display()));
        let options = OPTIONS.map(str::to_owned).into_iter().chain(folders);
        cmd!(self.shell, "{program}").args(options.flat_map(|option| ["-o".to_owned(), option]))
    }
}

/// The packages in what `apt-get install --simulate` printed: `Inst name [installed version] (version Debian:… [arch])`.
fn planned(plan: &str) -> Vec<Package> {
    plan.lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
            let version = rest.split_once('(')?.1.split_whitespace().next()?;
            Some(Package { name: name.to_owned(), version: version.to_owned() })
        })
        .collect()
}

fn archives(folder: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "deb")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_newer_packages_are_read_out_of_a_plan() {
        let plan = "Inst libxnvctrl0 (525.85.05-3~deb12u1 Debian:12.13/oldstable [amd64])\n\
                    Inst libgbm1 [22.3.6-1] (22.3.6-1+deb12u1 Debian:12.13/oldstable [amd64]) []\n\
                    Conf libxnvctrl0 (525.85.05-3~deb12u1 Debian:12.13/oldstable [amd64])\n";
        let package =
            |name: &str, version: &str| Package { name: name.to_owned(), version: version.to_owned() };
        let expected =
            [package("libxnvctrl0", "525.85.05-3~deb12u1"), package("libgbm1", "22.3.6-1+deb12u1")];
        assert_eq!(planned(plan), expected);
        assert!(planned("").is_empty());
    }
}
