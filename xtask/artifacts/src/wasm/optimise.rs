//! Runs Binaryen on core modules, as `wasm-diet` does it. The program is compiled on demand into the cache, and its
//! results are kept by the digest of the input, so that an unchanged module costs nothing.

use std::{fs, path::PathBuf, sync::OnceLock};

use anyhow::{Context as _, Result, bail};
use builds::{
    digest,
    files::{self, replace},
    on_demand::{OnDemand, Variant},
    progress,
};
use devkit::project::Project;
use sha2::{Digest as _, Sha256};
use toolchain::Need;
use wasm_diet::{
    Options, Shrunk,
    engine::{Assumption, Program},
    features,
    shrink::Task,
};

use super::outline::outline;

/// The command `wasm-diet` with Binaryen inside. Compiling that takes most of the time.
pub(super) const PROGRAM: OnDemand = OnDemand {
    package: "wasm-diet",
    workspace: None,
    profile: "release",
    first_time: "Binaryen, once for this machine: about 5 minutes on 2 cores",
    sources: &["crates/wasm-diet"],
    prepare: |project| toolchain::ensure(project, &[Need::CxxCompiler]),
};

/// Returns the way to compile it with Binaryen.
pub(super) fn variant() -> Variant {
    Variant {
        options: &["--features", "binaryen"],
        ..Variant::default()
    }
}

/// The source that runs Binaryen and the manifest that pins its version: with input and features, they determine the
/// output.
const SOURCES: [&str; 2] = [
    include_str!("../../../../crates/wasm-diet/src/engine/binaryen.rs"),
    include_str!("../../../../crates/wasm-diet/Cargo.toml"),
];

/// The linker puts the stack before the data, so that the first bytes of memory are the last ones of the stack: only a
/// stack that is about to overflow reaches them.
const ASSUMPTIONS: [Assumption; 1] = [Assumption::LowMemoryUnused];

/// Runs Binaryen on core modules.
pub(super) struct Optimiser<'p> {
    project: &'p Project,
    results: PathBuf,
    program: OnceLock<Program>,
}

impl<'p> Optimiser<'p> {
    pub(super) fn new(project: &'p Project) -> Result<Self> {
        let results = project.target.join("xtask").join("optimised");
        fs::create_dir_all(&results)
            .with_context(|| format!("could not make the directory `{}`", results.display()))?;
        Ok(Self {
            project,
            results,
            program: OnceLock::new(),
        })
    }

    /// Shrinks a binary of which no module may stay as it is.
    pub(super) fn shrink(&self, binary: &[u8]) -> Result<Shrunk> {
        let options = Options {
            // They are programs, and no adapters.
            drop_names_of_globals: true,
            ..Options::default()
        };
        let shrunk = wasm_diet::shrink(binary, &options, &mut |task| outline(&self.optimise(task)?))?;
        if let Some((module, reason)) = shrunk.report.left().next() {
            bail!("module {}: {reason}", module.number);
        }
        Ok(shrunk)
    }

    /// Returns the smallest equivalent of a module that Binaryen finds.
    fn optimise(&self, task: &Task<'_>) -> Result<Vec<u8>> {
        let features = features::for_binaryen(task.features)?;
        let kept = self
            .results
            .join(format!("{}.wasm", key(task.module, features.into_iter())));
        if !kept.exists() {
            replace(&kept, &self.run(task)?)?;
        }
        files::read(&kept)
    }

    fn run(&self, task: &Task<'_>) -> Result<Vec<u8>> {
        let program = self.program()?;
        let module = format!("a core module of {} bytes with Binaryen", task.module.len());
        progress::show("Optimising", &module, || {
            program.optimise_thoroughly(task, &ASSUMPTIONS)
        })
    }

    /// Returns the program, which is compiled if necessary.
    fn program(&self) -> Result<Program> {
        if let Some(program) = self.program.get() {
            return Ok(program.clone());
        }
        let path = PROGRAM.ensure_variant_built(self.project, &variant())?;
        Ok(self.program.get_or_init(|| Program::Own(path)).clone())
    }
}

fn key<'f>(module: &[u8], features: impl Iterator<Item = &'f str>) -> String {
    let mut hash = Sha256::new();
    for part in SOURCES {
        hash.update(Sha256::digest(part));
    }
    let assumptions = ASSUMPTIONS.iter().map(|it| it.name());
    for feature in features.chain(assumptions) {
        hash.update(Sha256::digest(feature));
    }
    hash.update(module);
    digest::hex(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_depends_on_module_and_features() {
        let key = |module: &[u8], features: &[&'static str]| key(module, features.iter().copied());
        assert_eq!(key(b"one", &["sign-ext"]), key(b"one", &["sign-ext"]));
        assert_ne!(key(b"one", &[]), key(b"two", &[]));
        assert_ne!(key(b"one", &[]), key(b"one", &["sign-ext"]));
    }
}
