//! Binaryen on core modules. The driver is compiled on demand into the cache, and its results are kept by the digest of
//! what went in, so that an unchanged module costs nothing.

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

/// The driver. Its compiled Binaryen is what takes the time.
pub(super) const PROGRAM: OnDemand = OnDemand {
    package: "wasm-opt-driver",
    profile: "release",
    first_time: "Binaryen, once for this machine: about 5 minutes on 2 cores",
    sources: &["xtask/wasm-opt-driver"],
    prepare: |project| toolchain::ensure(project, &[Need::CxxCompiler]),
};

/// What decides the driver's output beside its input and its arguments: the source, and the manifest that pins Binaryen's
/// version.
const DRIVER: [&str; 2] = [
    include_str!("../../../wasm-opt-driver/src/main.rs"),
    include_str!("../../../wasm-opt-driver/Cargo.toml"),
];

/// `wasm-opt -Oz` for core modules.
pub(super) struct Optimiser<'p> {
    project: &'p Project,
    results: PathBuf,
    driver: OnceLock<PathBuf>,
}

impl<'p> Optimiser<'p> {
    pub(super) fn new(project: &'p Project) -> Result<Self> {
        let results = project.target.join("xtask").join("optimised");
        fs::create_dir_all(&results)
            .with_context(|| format!("could not make the folder `{}`", results.display()))?;
        Ok(Self { project, results, driver: OnceLock::new() })
    }

    /// The smallest equivalent of `module` that Binaryen finds, using no other `features` than those.
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
        let folder = tempfile::tempdir().context("could not make a temporary folder")?;
        let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.wasm"));
        fs::write(&input, module).with_context(|| format!("could not write `{}`", input.display()))?;
        let shell = self.project.shell()?;
        let what = format!("a core module of {} bytes with Binaryen", module.len());
        let run = || cmd::output(cmd!(shell, "{driver} {input} {output} {features...}"), "run Binaryen");
        let done = ui::progress("Optimising", &what, run)?;
        if !done.status.success() {
            bail!("Binaryen refused {what}\n{}", complaints(&String::from_utf8_lossy(&done.stderr)));
        }
        files::read(&output)
    }

    /// The path of the driver, compiled if need be.
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

/// What Binaryen says is wrong: it prints the whole module after it, thousands of lines that nobody reads.
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
    fn binaryens_dump_is_cut_to_its_complaints() {
        let dump = format!(
            "[wasm-validator error in function 3] unexpected false\n{}",
            "(i32.const 0)\n".repeat(5000)
        );
        assert_eq!(complaints(&dump), "[wasm-validator error in function 3] unexpected false");
    }

    #[test]
    fn without_a_known_word_the_first_lines_are_shown() {
        assert_eq!(complaints("a\nb\n"), "a\nb");
    }

    #[test]
    fn the_key_follows_the_module_and_its_features() {
        assert_eq!(key(b"one", &["sign-ext"]), key(b"one", &["sign-ext"]));
        assert_ne!(key(b"one", &[]), key(b"two", &[]));
        assert_ne!(key(b"one", &[]), key(b"one", &["sign-ext"]));
    }
}
