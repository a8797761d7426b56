//! Pinned Debian packages, unpacked in the cache without installing them: the sources for Rust's std where rustup
//! cannot download.

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

/// An unpacked package in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// The directory that stands for `/`.
    pub(super) root: PathBuf,
    /// Debian's version of the package.
    pub(super) version: String,
}

/// Debian's archive, as this machine reaches it.
#[derive(Debug)]
pub(super) struct Debian<'a> {
    shell: &'a Shell,
    /// The directory of all our files.
    directory: PathBuf,
    mirror: Mirror,
    pins: &'a DebianPins,
}

impl<'a> Debian<'a> {
    /// Uses `directory`, an existing one in the cache.
    pub(super) fn new(shell: &'a Shell, directory: PathBuf, mirror: Mirror, pins: &'a DebianPins) -> Self {
        Self {
            shell,
            directory,
            mirror,
            pins,
        }
    }

    /// Returns the source of Rust `release`, such as `1.95.0`.
    pub(super) fn rust_source(&self, release: &str) -> Result<Unpacked> {
        self.package("rust-src", &self.pins.rust_src, |version| {
            upstream(version) == release
        })
        .with_context(|| {
            format!(
                "could not get Debian's `rust-src` {release} from {}",
                self.pins.suite
            )
        })
    }

    /// Returns the C library of both targets, in any version.
    pub(super) fn wasi_libc(&self) -> Result<Unpacked> {
        self.package("wasi-libc", &self.pins.wasi_libc, |_| true)
            .with_context(|| format!("could not get Debian's `wasi-libc` from {}", self.pins.suite))
    }

    /// Returns the first version that `fits`: from the cache, else the newest one in the suite.
    fn package(&self, name: &str, pin: &PackagePin, fits: impl Fn(&str) -> bool) -> Result<Unpacked> {
        if let Some((unpacked, Contents::Whole(_))) = cached(&self.directory, name, &fits) {
            return Ok(unpacked);
        }
        let apt = Apt::new(self.shell, &self.directory, &self.mirror, &self.pins.suite)?;
        let version = choose(&apt.versions(name)?, name, fits)?;
        let root = unpacked_directory(&self.directory, name, &version);
        let staging = Staging::begin(&root)?;
        let package = Package {
            name: name.to_owned(),
            version,
        };
        apt.unpack(slice::from_ref(&package), staging.path(), |archive| {
            check(pin, &package, archive)
        })?;
        let Package { version, .. } = package;
        staging.commit(&Stamp {
            version: version.clone(),
            from: format!("Debian's {}", apt.suite),
        })?;
        Ok(Unpacked { root, version })
    }
}

/// Returns the package `name` below `directory` in a version that `fits`; an undamaged one, if there are several.
pub(super) fn cached(
    directory: &Path,
    name: &str,
    fits: impl Fn(&str) -> bool,
) -> Option<(Unpacked, Contents)> {
    let prefix = format!("{name}_");
    let found = fs::read_dir(directory).ok()?.flatten().filter_map(|entry| {
        let file_name = entry.file_name().into_string().ok()?;
        let version = file_name.strip_prefix(&prefix).filter(|version| fits(version))?;
        let contents = Some(Contents::of(&entry.path())).filter(|contents| *contents != Contents::Absent)?;
        Some((
            Unpacked {
                root: entry.path(),
                version: version.to_owned(),
            },
            contents,
        ))
    });
    found.max_by_key(|(_, contents)| matches!(contents, Contents::Whole(_)))
}

/// Returns the directory of the package that contains `path`, if it is below `directory`.
pub(super) fn package_of(directory: &Path, path: &Path) -> Option<PathBuf> {
    path.strip_prefix(directory)
        .ok()?
        .components()
        .next()
        .map(|package| directory.join(package))
}

/// Returns the directory of the package below `directory`.
pub(super) fn unpacked_directory(directory: &Path, name: &str, version: &str) -> PathBuf {
    directory.join(format!("{name}_{version}"))
}

/// Returns the upstream part of a Debian version: `1.95.0` of `1.95.0+dfsg1-2~bpo13+1`.
fn upstream(version: &str) -> &str {
    version.split(['+', '-', '~']).next().unwrap_or_default()
}

/// Returns the first version that `fits` in the output of `apt-cache madison`, which has the newest at the top.
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
        None => bail!("the suite has only other versions: {}", versions.join(", ")),
    }
}

/// Checks an archive with the pin. apt has checked the bytes already; `tools.toml` explains this second check.
fn check(pin: &PackagePin, package: &Package, archive: &Path) -> Result<()> {
    let Package { name, version } = package;
    if *version != pin.version {
        ui::warn(&format!(
            "{name} {version} is not the tested version {}",
            pin.version
        ));
        return Ok(());
    }
    let sum = Checksum::of_file(archive)?;
    ensure!(
        sum == pin.sha256,
        "{name} {version} has the SHA-256 sum {sum}, and the one in tools.toml is {}",
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
    fn chooses_newest_revision_of_the_release() {
        assert_eq!(chosen("1.95.0").unwrap(), "1.95.0+dfsg1-2~bpo13+1");
        assert_eq!(chosen("1.9.0").unwrap(), "1.9.0+dfsg1-1~bpo13+1");
    }

    #[test]
    fn names_available_versions_if_none_fits() {
        let error = chosen("1.94.0").unwrap_err().to_string();
        assert!(error.contains("1.96.1+dfsg1-2~bpo13+1"), "{error}");
        assert_eq!(
            choose("", "rust-src", |_| true).unwrap_err().to_string(),
            "the suite has no package `rust-src`"
        );
    }

    #[test]
    fn refuses_other_bytes_of_tested_version() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let pin = PackagePin {
            version: "1".to_owned(),
            sha256: Checksum::try_from("0".repeat(64)).unwrap(),
        };
        let package = |version: &str| Package {
            name: "wasi-libc".to_owned(),
            version: version.to_owned(),
        };
        assert!(check(&pin, &package("1"), file.path()).is_err());
        assert!(check(&pin, &package("2"), file.path()).is_ok());
    }
}
