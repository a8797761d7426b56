//! The toolchains and packages on this machine.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use devkit::project::Project;
use flags::values::Tool;
use toolchain::{Need, Node, Python};
use xshell::Shell;

/// The programs and packages of the corpus, installed.
#[derive(Clone, Debug)]
pub struct Corpus {
    pub(crate) root: PathBuf,
    /// The directory `node_modules`.
    pub(crate) packages: PathBuf,
    /// The programs of componentize-py.
    pub(crate) componentize_py: PathBuf,
    /// The programs of zig.
    pub(crate) zig: PathBuf,
    /// zig's cache.
    pub(crate) zig_cache: PathBuf,
    pub(crate) wasm_tools: PathBuf,
    pub(crate) wasmtime: PathBuf,
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

    pub(crate) fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(&self.root);
        Ok(shell)
    }
}
