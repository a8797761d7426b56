//! Packages of npm, and the scripts that use them.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Result;
use builds::{files, temporary};
use devkit::cmd;
use tempfile::TempDir;
use xshell::cmd;

use crate::installed::Corpus;

/// Packages with core modules.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// The name of the case.
    pub name: &'static str,
    /// The script, which prints the results.
    script: &'static str,
    /// The number of modules that the script compiles.
    pub modules: usize,
}

/// Defines the package of `uses/NAME.mjs`.
macro_rules! package {
    ($name:literal, $modules:literal) => {
        Package {
            name: $name,
            script: include_str!(concat!("../uses/", $name, ".mjs")),
            modules: $modules,
        }
    };
}

/// All packages.
pub const PACKAGES: &[Package] = &[
    package!("argon2", 2),
    package!("brotli", 1),
    package!("dprint", 4),
    package!("esbuild", 1),
    package!("graphviz", 2),
    package!("hash", 22),
    package!("itk", 2),
    package!("jco", 5),
    package!("lexers", 2),
    package!("lightningcss", 1),
    package!("oniguruma", 2),
    package!("opus", 1),
    package!("pictures", 6),
    package!("quickjs", 1),
    package!("resvg", 1),
    package!("rollup", 1),
    package!("source-map", 1),
    package!("sqlite", 1),
    package!("tiktoken", 1),
    package!("tree-sitter", 3),
    package!("undici", 1),
    package!("xxhash", 1),
    package!("yoga", 1),
    package!("zstd", 1),
];

/// The module that records and replaces modules.
const HOOK: &str = include_str!("../hook.mjs");

impl Corpus {
    /// Runs the script, writes each module that it compiles to the directory `into`, and returns the text that it
    /// prints. The name of a module is its SHA-256 with the extension `wasm`.
    ///
    /// # Errors
    /// Fails if the script fails.
    pub fn record(&self, package: &Package, into: &Path) -> Result<String> {
        self.use_package(package, &[("CORPUS_RECORD", into)])
    }

    /// Runs the script with the modules of the directory `from` in place of those with their names. Returns the text
    /// that it prints, and the names of the modules that it compiled.
    ///
    /// # Errors
    /// Fails if the script fails.
    pub fn replay(&self, package: &Package, from: &Path) -> Result<(String, BTreeSet<String>)> {
        let used = temporary::directory()?;
        let printed = self.use_package(package, &[("CORPUS_REPLACE", from), ("CORPUS_USED", used.path())])?;
        let names = fs::read_dir(used.path())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        Ok((printed, names))
    }

    fn use_package(&self, package: &Package, directories: &[(&str, &Path)]) -> Result<String> {
        let place = self.place(package)?;
        let (hook, script) = (place.path().join("hook.mjs"), place.path().join("use.mjs"));
        let shell = self.shell()?;
        shell.change_dir(place.path());
        let options = format!("--no-warnings --import={}", hook.display());
        let mut run = cmd!(shell, "node {script}").env("NODE_OPTIONS", options);
        for (variable, directory) in directories {
            run = run.env(variable, directory);
        }
        cmd::read(run, &format!("use the package {}", package.name))
    }

    /// Makes a directory with the script, where Node.js finds the packages.
    fn place(&self, package: &Package) -> Result<TempDir> {
        let place = temporary::directory()?;
        files::replace(&place.path().join("hook.mjs"), HOOK.as_bytes())?;
        files::replace(&place.path().join("use.mjs"), package.script.as_bytes())?;
        self.link_packages(&self.shell()?, place.path())?;
        Ok(place)
    }
}
