//! Runs Binaryen on core modules. The driver is compiled on demand into the cache, and its results are kept by the
//! digest of the input, so that an unchanged module costs nothing.

use std::{fs, path::PathBuf, sync::OnceLock};

use anyhow::{Context as _, Result, bail};
use devkit::{
    cargo::OnDemand,
    cmd, digest,
    files::{self, replace},
    project::Project,
    ui,
};
use sha2::{Digest as _, Sha256};
use toolchain::Need;
use wasm_diet::features::{self, Feature};
use xshell::cmd;

/// The driver. Compiling its Binaryen takes most of the time.
pub(super) const PROGRAM: OnDemand = OnDemand {
    package: "wasm-opt-driver",
    profile: "release",
    first_time: "Binaryen, once for this machine: about 5 minutes on 2 cores",
    sources: &["xtask/wasm-opt-driver"],
    prepare: |project| toolchain::ensure(project, &[Need::CxxCompiler]),
};

/// The sources of the driver and the manifest that pins Binaryen's version: with input and arguments, they
/// determine the output.
const DRIVER: [&str; 2] = [
    include_str!("../../../wasm-opt-driver/src/main.rs"),
    include_str!("../../../wasm-opt-driver/Cargo.toml"),
];

/// Runs `wasm-opt -Oz` on core modules.
pub(super) struct Optimiser<'p> {
    project: &'p Project,
    results: PathBuf,
    driver: OnceLock<PathBuf>,
}

impl<'p> Optimiser<'p> {
    pub(super) fn new(project: &'p Project) -> Result<Self> {
        let results = project.target.join("xtask").join("optimised");
        fs::create_dir_all(&results)
            .with_context(|| format!("could not make the directory `{}`", results.display()))?;
        Ok(Self {
            project,
            results,
            driver: OnceLock::new(),
        })
    }

    /// Returns the smallest equivalent of `module` that Binaryen finds with these `features`.
    pub(super) fn optimise(&self, module: &[u8], features: &[Feature]) -> Result<Vec<u8>> {
        let features = features::for_binaryen(features)?;
        let kept = self.results.join(format!("{}.wasm", key(module, &features)));
        if !kept.exists() {
            replace(&kept, &self.run(module, &features)?)?;
        }
        files::read(&kept)
    }

    fn run(&self, module: &[u8], features: &[&str]) -> Result<Vec<u8>> {
        let driver = self.driver()?;
        let directory = tempfile::tempdir().context("could not make a temporary directory")?;
        let (input, output) = (
            directory.path().join("in.wasm"),
            directory.path().join("out.wasm"),
        );
        fs::write(&input, module).with_context(|| format!("could not write `{}`", input.display()))?;
        let shell = self.project.shell()?;
        let what = format!("a core module of {} bytes with Binaryen", module.len());
        let run = || {
            cmd::output(
                cmd!(shell, "{driver} {input} {output} {features...}"),
                "run Binaryen",
            )
        };
        let done = ui::progress("Optimising", &what, run)?;
        if !done.status.success() {
            bail!(
                "Binaryen rejected {what}\n{}",
                complaints(&String::from_utf8_lossy(&done.stderr))
            );
        }
        files::read(&output)
    }

    /// Returns the path of the driver, which is compiled if necessary.
    fn driver(&self) -> Result<PathBuf> {
        if let Some(path) = self.driver.get() {
            return Ok(path.clone());
        }
        let path = PROGRAM.ensure_built(self.project)?;
        Ok(self.driver.get_or_init(|| path).clone())
    }
}

fn key(module: &[u8], features: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in DRIVER {
        hash.update(Sha256::digest(part));
    }
    for feature in features {
        hash.update(Sha256::digest(feature));
    }
    hash.update(module);
    digest::hex(hash)
}

/// Returns the errors in Binaryen's output, without the dump of the whole module that follows them.
fn complaints(stderr: &str) -> String {
    let said = |line: &&str| line.contains("error") || line.contains("Fatal") || line.contains("require");
    let complaints: Vec<&str> = stderr.lines().filter(said).take(8).collect();
    if complaints.is_empty() {
        stderr.lines().take(8).collect::<Vec<_>>().join("\n")
    } else {
        complaints.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_dump_of_the_module() {
        let dump = format!(
            "[wasm-validator error in function 3] unexpected false\n{}",
            "(i32.const 0)\n".repeat(5000)
        );
        assert_eq!(
            complaints(&dump),
            "[wasm-validator error in function 3] unexpected false"
        );
    }

    #[test]
    fn shows_first_lines_without_known_word() {
        assert_eq!(complaints("a\nb\n"), "a\nb");
    }

    #[test]
    fn key_depends_on_module_and_features() {
        assert_eq!(key(b"one", &["sign-ext"]), key(b"one", &["sign-ext"]));
        assert_ne!(key(b"one", &[]), key(b"two", &[]));
        assert_ne!(key(b"one", &[]), key(b"one", &["sign-ext"]));
    }
}
