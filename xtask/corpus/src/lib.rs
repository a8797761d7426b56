//! Binaries of other toolchains, and ways to run them: files to try `wasm-diet` on.
//!
//! A [`Package`] of npm brings core modules, inside files or inside JavaScript, and a script in `uses/` that runs them
//! in Node.js. A [`Guest`] is made by a toolchain of npm, PyPI or Rust, and runs in wasmtime. [`RandomModules`] come
//! from wasm-smith. Versions and checksums are those of `xtask/data/node/corpus`, `xtask/data/python/corpus.txt` and
//! `xtask/data/python/zig.txt`.

mod guest;
mod package;
mod random;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use devkit::project::Project;
use flags::values::Tool;
use toolchain::{Need, Node, Python};
use xshell::Shell;

pub use self::{
    guest::{GUESTS, Guest},
    package::{PACKAGES, Package},
    random::RandomModules,
};

/// The programs and packages of the corpus, installed.
#[derive(Clone, Debug)]
pub struct Corpus {
    root: PathBuf,
    /// The directory `node_modules`.
    packages: PathBuf,
    /// The programs of componentize-py.
    componentize_py: PathBuf,
    /// The programs of zig.
    zig: PathBuf,
    /// zig's cache.
    zig_cache: PathBuf,
    wasm_tools: PathBuf,
    wasmtime: PathBuf,
}

impl Corpus {
    /// Installs what is missing.
    ///
    /// # Errors
    /// Fails if a package or a tool cannot be installed.
    pub fn prepare(project: &Project) -> Result<Self> {
        toolchain::ensure(project, &[Need::WasmTargets])?;
        let programs = toolchain::node(project, Node::Corpus)?;
        let packages = programs.parent().context("npm's programs are in no directory")?;
        Ok(Self {
            root: project.root.clone(),
            packages: packages.to_owned(),
            componentize_py: toolchain::python(project, Python::Corpus)?,
            zig: toolchain::python(project, Python::Zig)?,
            zig_cache: project.cache_folder("zig")?,
            wasm_tools: toolchain::tool(project, Tool::WasmTools)?,
            wasmtime: toolchain::tool(project, Tool::Wasmtime)?,
        })
    }

    /// Returns the directory of npm's programs.
    pub fn node_programs(&self) -> PathBuf {
        self.packages.join(".bin")
    }

    fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(&self.root);
        Ok(shell)
    }
}
