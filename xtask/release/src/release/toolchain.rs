//! The programs that determine the bytes of a release beside its sources: the compiler, the C libraries, the other
//! tools.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use devkit::{cmd, project::Project};
use flags::values::{System, Target};
use toolchain::Python;
use xshell::cmd;

use super::{metadata, program::Program, sbom::Native};

/// The file with the C library's version in zig's Python package.
const MUSL: &str = "ziglang/lib/libc/musl/src/internal/version.h";

/// The manifest that pins Binaryen's version.
const WASM_DIET: &str = include_str!("../../../../crates/wasm-diet/Cargo.toml");

/// The part of this machine's toolchain that releases depend on.
#[derive(Clone, Debug)]
pub(super) struct Toolchain {
    rustc: String,
    /// By WASI target, the version of Debian's C library if it is used.
    wasi_libc: BTreeMap<&'static str, Option<String>>,
    zig: &'static str,
    cargo_zigbuild: &'static str,
    musl: String,
    binaryen: String,
}

impl Toolchain {
    /// Asks for all versions.
    pub(super) fn of(project: &Project) -> Result<Self> {
        let shell = project.shell()?;
        let programs = toolchain::python(project, Python::Zig)?;
        Ok(Self {
            rustc: cmd::read(cmd!(shell, "rustc --version"), "ask rustc for its version")?,
            wasi_libc: toolchain::wasi_libc(project)?.into_iter().collect(),
            zig: toolchain::pinned(Python::Zig, "ziglang")?,
            cargo_zigbuild: toolchain::pinned(Python::Zig, "cargo-zigbuild")?,
            musl: musl(
                programs
                    .parent()
                    .context("Python's programs are in no directory")?,
            )?,
            binaryen: binaryen(WASM_DIET)?,
        })
    }

    /// Returns the toolchain as in `release.json`.
    pub(super) fn metadata(&self) -> metadata::Toolchain {
        let wasi = |debian: &Option<String>| match debian {
            Some(version) => format!("wasi-libc {version} of Debian"),
            None => "wasi-libc as it comes with Rust".to_owned(),
        };
        let mut c_libraries: BTreeMap<String, String> = self
            .wasi_libc
            .iter()
            .map(|(target, debian)| ((*target).to_owned(), wasi(debian)))
            .collect();
        for target in Target::ALL.into_iter().filter(|target| target.is_static()) {
            c_libraries.insert(
                target.triple().to_owned(),
                format!("musl {} of zig {}", self.musl, self.zig),
            );
        }
        let tools = [
            ("binaryen", self.binaryen.as_str()),
            ("cargo-zigbuild", self.cargo_zigbuild),
            ("zig", self.zig),
        ];
        metadata::Toolchain {
            rustc: self.rustc.clone(),
            c_libraries,
            tools: tools
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
        }
    }

    /// Returns the native libraries of `program`, each depending on the next.
    pub(super) fn natives(&self, program: Program) -> Vec<Native> {
        let release = self.rustc.split(' ').nth(1).unwrap_or_default();
        let std = Native::std(release);
        match program {
            Program::Wasm(_) => {
                let debian = self.wasi_libc.get(program.target()).cloned().flatten();
                vec![std, Native::wasi_libc(debian.as_deref())]
            }
            Program::Diet(_) => vec![
                std,
                Native::cxx(self.zig),
                Native::unwinder(self.zig),
                Native::musl(self.zig, &self.musl),
            ],
            Program::Weft(target) => match target.system() {
                System::Linux => vec![
                    std,
                    Native::unwinder(self.zig),
                    Native::musl(self.zig, &self.musl),
                ],
                System::Windows => vec![std, Native::unwinder(self.zig), Native::mingw(self.zig)],
                // The system's own libraries are not part of the program.
                System::Macos => vec![std],
            },
        }
    }
}

/// Returns the version of zig's C library, from the Python environment in `directory`.
fn musl(directory: &Path) -> Result<String> {
    let lists = [
        directory.join("lib"),
        directory.join("lib64"),
        directory.join("Lib"),
    ];
    let directories = lists
        .iter()
        .filter_map(|lib| fs::read_dir(lib).ok())
        .flatten()
        .flatten();
    let packages = directories.flat_map(|entry| {
        [
            entry.path().join("site-packages").join(MUSL),
            entry.path().join(MUSL),
        ]
    });
    let text = packages
        .into_iter()
        .find_map(|path| fs::read_to_string(path).ok());
    let text =
        text.with_context(|| format!("could not find the version of zig's musl: there is no `{MUSL}`"))?;
    let version = text.split('"').nth(1).filter(|_| text.contains("VERSION"));
    version
        .map(str::to_owned)
        .with_context(|| format!("could not understand `{MUSL}`"))
}

/// Returns Binaryen's version, which is the minor version of the package with its sources: `0.116.1` is 116.
fn binaryen(manifest: &str) -> Result<String> {
    let manifest: toml::Table =
        toml::from_str(manifest).context("could not understand the driver's manifest")?;
    let version = manifest
        .get("dependencies")
        .and_then(|all| all.get("wasm-opt")?.get("version")?.as_str());
    let minor = version.and_then(|version| version.split('.').nth(1));
    minor
        .map(str::to_owned)
        .context("the driver's manifest does not pin `wasm-opt`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_binaryens_version_in_the_driver() {
        assert!(binaryen(WASM_DIET).unwrap().parse::<u32>().unwrap() >= 116);
        assert!(binaryen("[dependencies]\n").is_err());
    }

    #[test]
    fn finds_musls_version_in_zigs_package() {
        let directory = tempfile::tempdir().unwrap();
        assert!(
            musl(directory.path())
                .unwrap_err()
                .to_string()
                .contains("zig's musl")
        );
        let path = directory.path().join("lib/python3.11/site-packages").join(MUSL);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#define VERSION \"1.2.5\"\n").unwrap();
        assert_eq!(musl(directory.path()).unwrap(), "1.2.5");
    }
}
