//! Debian's pinned packages, unpacked in the cache without being installed: what Rust is made of where rustup cannot
//! download.

use std::{
    fs,
    path::{Path, PathBuf},
    slice,
};

use anyhow::{Context as _, Result, bail, ensure};
use devkit::ui;
use xshell::Shell;

use super::{
    apt::{Apt, Package},
    apt_lists::Mirror,
    pins::{Checksum, DebianPins, PackagePin},
    staging::{Contents, Staging, Stamp},
};

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
        if let Some((unpacked, Contents::Whole(_))) = cached(&self.folder, name, &fits) {
            return Ok(unpacked);
        }
        let apt = Apt::new(self.shell, &self.folder, &self.mirror, &self.pins.suite)?;
        let version = choose(&apt.versions(name)?, name, fits)?;
        let root = unpacked_folder(&self.folder, name, &version);
        let staging = Staging::begin(&root)?;
        let package = Package { name: name.to_owned(), version };
        apt.unpack(slice::from_ref(&package), staging.path(), |archive| check(pin, &package, archive))?;
        let Package { version, .. } = package;
        staging.commit(&Stamp { version: version.clone(), from: format!("Debian's {}", apt.suite) })?;
        Ok(Unpacked { root, version })
    }
}

/// The package `name` as it lies below `folder` in a version that `fits`; one that is whole, if there are several.
pub(super) fn cached(folder: &Path, name: &str, fits: impl Fn(&str) -> bool) -> Option<(Unpacked, Contents)> {
    let prefix = format!("{name}_");
    let found = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| {
        let file_name = entry.file_name().into_string().ok()?;
        let version = file_name.strip_prefix(&prefix).filter(|version| fits(version))?;
        let contents = Some(Contents::of(&entry.path())).filter(|contents| *contents != Contents::Absent)?;
        Some((Unpacked { root: entry.path(), version: version.to_owned() }, contents))
    });
    found.max_by_key(|(_, contents)| matches!(contents, Contents::Whole(_)))
}

/// The folder of the package that holds `path`, if one below `folder` does.
pub(super) fn package_of(folder: &Path, path: &Path) -> Option<PathBuf> {
    path.strip_prefix(folder).ok()?.components().next().map(|package| folder.join(package))
}

/// Where the package lies below `folder`.
pub(super) fn unpacked_folder(folder: &Path, name: &str, version: &str) -> PathBuf {
    folder.join(format!("{name}_{version}"))
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

/// apt has checked the bytes already; see `tools.toml` for what this adds.
fn check(pin: &PackagePin, package: &Package, archive: &Path) -> Result<()> {
    let Package { name, version } = package;
    if *version != pin.version {
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
        let package = |version: &str| Package { name: "wasi-libc".to_owned(), version: version.to_owned() };
        assert!(check(&pin, &package("1"), file.path()).is_err());
        assert!(check(&pin, &package("2"), file.path()).is_ok());
    }
}
