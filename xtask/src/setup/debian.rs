//! Packages from Debian without installing them: apt fetches them with lists and folders of its own inside the cache, so
//! that neither the system's lists nor its packages change and no privilege is needed, and dpkg unpacks them there.
//!
//! apt checks every package against Debian's signed index.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use xshell::{Cmd, Shell, cmd};

use super::{
    apt_lists::Mirror,
    pins::{Checksum, DebianPins, PackagePin},
    staging::{Staging, Stamp},
};
use crate::{cmd, ui};

/// A server that does not answer must not hold anyone up for the two minutes that apt would give it.
const OPTIONS: [&str; 8] = [
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
    "Acquire::Retries=1",
    "Acquire::Languages=none",
    "APT::Get::List-Cleanup=true",
    // The unprivileged user that apt downloads as for root cannot enter root's cache folder.
    "APT::Sandbox::User=root",
    "Dir::Etc::sourceparts=-",
    "quiet=2",
];

/// A package as it lies unpacked in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// What would be `/` had it been installed.
    pub(super) root: PathBuf,
    /// Debian's version of it.
    pub(super) version: String,
}

/// Debian, as this machine reaches it.
#[derive(Debug)]
pub(super) struct Debian<'a> {
    shell: &'a Shell,
    /// Everything of ours is in here.
    folder: PathBuf,
    mirror: Mirror,
    pins: &'a DebianPins,
}

impl<'a> Debian<'a> {
    /// Uses `folder`, an existing one in the cache.
    pub(super) fn new(shell: &'a Shell, folder: PathBuf, mirror: Mirror, pins: &'a DebianPins) -> Self {
        Self { shell, folder, mirror, pins }
    }

    /// The source of Rust `release`, such as `1.95.0`.
    pub(super) fn rust_source(&self, release: &str) -> Result<Unpacked> {
        self.package("rust-src", &self.pins.rust_src, |version| upstream(version) == release)
            .with_context(|| format!("could not get Debian's `rust-src` {release} from {}", self.pins.suite))
    }

    /// The C library of both targets, in whichever version there is.
    pub(super) fn wasi_libc(&self) -> Result<Unpacked> {
        self.package("wasi-libc", &self.pins.wasi_libc, |_| true)
            .with_context(|| format!("could not get Debian's `wasi-libc` from {}", self.pins.suite))
    }

    /// The first version that `fits`: out of the cache, else the newest one in the suite.
    fn package(&self, name: &str, pin: &PackagePin, fits: impl Fn(&str) -> bool) -> Result<Unpacked> {
        if let Some(unpacked) = self.cached(name, &fits) {
            return Ok(unpacked);
        }
        self.prepare()?;
        ui::progress("Updating", "the index of Debian's packages", || {
            cmd::run_quietly(self.apt("apt-get").arg("update"), "read Debian's index", 6)
        })?;
        let listing = cmd::read(self.apt("apt-cache").args(["madison", name]), "ask apt for versions")?;
        let version = choose(&listing, name, fits)?;
        let root = self.unpacked_folder(name, &version);
        let staging = Staging::begin(&root)?;
        ui::progress("Downloading", &format!("{name} {version}"), || {
            self.download(name, &version, staging.path())
        })?;
        let archive = only_archive(staging.path())?;
        check(pin, name, &version, &archive)?;
        let into = staging.path();
        ui::progress("Unpacking", &format!("{name} {version}"), || {
            cmd::run_quietly(cmd!(self.shell, "dpkg -x {archive} {into}"), "unpack a package", 6)
        })?;
        fs::remove_file(archive)?;
        staging.commit(&Stamp { version: version.clone(), from: format!("Debian's {}", self.pins.suite) })?;
        Ok(Unpacked { root, version })
    }

    fn cached(&self, name: &str, fits: impl Fn(&str) -> bool) -> Option<Unpacked> {
        let prefix = format!("{name}_");
        fs::read_dir(&self.folder).ok()?.flatten().find_map(|entry| {
            let file_name = entry.file_name().into_string().ok()?;
            let version = file_name.strip_prefix(&prefix).filter(|version| fits(version))?;
            Stamp::read(&entry.path())?;
            Some(Unpacked { root: entry.path(), version: version.to_owned() })
        })
    }

    fn unpacked_folder(&self, name: &str, version: &str) -> PathBuf {
        self.folder.join(format!("{name}_{version}"))
    }

    /// Writes our list of sources and makes the folders that apt insists on.
    fn prepare(&self) -> Result<()> {
        for folder in ["apt/lists/partial", "apt/cache/archives/partial"] {
            fs::create_dir_all(self.folder.join(folder))?;
        }
        let list = self.list();
        fs::write(&list, self.mirror.stanza(&self.pins.suite))
            .with_context(|| format!("could not write `{}`", list.display()))
    }

    fn list(&self) -> PathBuf {
        self.folder.join("apt/list.sources")
    }

    fn download(&self, name: &str, version: &str, into: &Path) -> Result<()> {
        let _here = self.shell.push_dir(into);
        cmd::run_quietly(
            self.apt("apt-get").arg("download").arg(format!("{name}={version}")),
            "download a package",
            6,
        )
    }

    fn apt(&self, program: &str) -> Cmd<'a> {
        let mut cmd = cmd!(self.shell, "{program}");
        for option in OPTIONS {
            cmd = cmd.arg("-o").arg(option);
        }
        let folders = [("Dir::Etc::sourcelist", self.list())].into_iter().chain(
            [("Dir::State", "apt"), ("Dir::State::lists", "apt/lists"), ("Dir::Cache", "apt/cache")]
                .map(|(option, folder)| (option, self.folder.join(folder))),
        );
        for (option, folder) in folders {
            cmd = cmd.arg("-o").arg(format!("{option}={}", folder.display()));
        }
        cmd
    }
}

/// The part of a Debian version before what Debian adds: `1.95.0` of `1.95.0+dfsg1-2~bpo13+1`.
fn upstream(version: &str) -> &str {
    version.split(['+', '-', '~']).next().unwrap_or_default()
}

/// The first version that `fits` in what `apt-cache madison` printed, which has the newest at the top.
fn choose(listing: &str, name: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
    let versions: Vec<&str> = listing
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('|').map(str::trim);
            columns.next().filter(|package| *package == name)?;
            columns.next()
        })
        .collect();
    match versions.iter().find(|version| fits(version)) {
        Some(version) => Ok((*version).to_owned()),
        None if versions.is_empty() => bail!("the suite has no package `{name}`"),
        None => bail!("the suite has other versions only: {}", versions.join(", ")),
    }
}

fn only_archive(folder: &Path) -> Result<PathBuf> {
    let archives = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    archives
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "deb"))
        .context("apt downloaded no package")
}

/// apt has checked the bytes already; see `tools.toml` for what this adds.
fn check(pin: &PackagePin, name: &str, version: &str, archive: &Path) -> Result<()> {
    if version != pin.version {
        ui::warn(&format!("{name} {version} is not the tested version {}", pin.version));
        return Ok(());
    }
    let sum = Checksum::of_file(archive)?;
    ensure!(
        sum == pin.sha256,
        "{name} {version} has the SHA-256 sum {sum}, and tools.toml says {}",
        pin.sha256
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "  \
  rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
  rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
  rust-src | 1.95.0+dfsg1-1~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
  rust-src | 1.9.0+dfsg1-1~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages
";

    fn chosen(release: &str) -> Result<String> {
        choose(LISTING, "rust-src", |version| upstream(version) == release)
    }

    #[test]
    fn the_toolchains_version_is_chosen_and_its_newest_revision() {
        assert_eq!(chosen("1.95.0").unwrap(), "1.95.0+dfsg1-2~bpo13+1");
        assert_eq!(chosen("1.9.0").unwrap(), "1.9.0+dfsg1-1~bpo13+1");
    }

    #[test]
    fn a_version_that_is_gone_is_said_with_those_that_are_there() {
        let error = chosen("1.94.0").unwrap_err().to_string();
        assert!(error.contains("1.96.1+dfsg1-2~bpo13+1"), "{error}");
        assert_eq!(
            choose("", "rust-src", |_| true).unwrap_err().to_string(),
            "the suite has no package `rust-src`"
        );
    }

    #[test]
    fn other_bytes_under_the_tested_version_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let pin = PackagePin { version: "1".to_owned(), sha256: Checksum::try_from("0".repeat(64)).unwrap() };
        assert!(check(&pin, "wasi-libc", "1", file.path()).is_err());
        assert!(check(&pin, "wasi-libc", "2", file.path()).is_ok());
    }
}
