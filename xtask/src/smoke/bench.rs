//! What all cases share: the artifacts, the tools that run them, the server, and a folder to work in.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use xshell::Shell;

use super::provider::Provider;
use crate::{
    project::Project,
    setup::{self, Need, Tool},
    ui,
    wasm::{self, Shipped},
};

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Bench {
    /// What is under test.
    pub(super) shipped: Shipped,
    /// The wasmtime command.
    pub(super) wasmtime: PathBuf,
    /// The wasm-tools command.
    pub(super) wasm_tools: PathBuf,
    /// The server that plays the model. Declared before the folder, so that it has ended when its log is removed.
    pub(super) provider: Provider,
    folder: Folder,
}

impl Bench {
    /// Installs, builds and starts what the cases need. With `keep`, the folder outlives the run, and is named.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        setup::ensure(project, &[Tool::Wasmtime, Tool::WasmTools].map(Need::Tool))?;
        let shipped = wasm::ensure_built(project)?;
        let folder = Folder::new(keep)?;
        let provider = Provider::start(project, &folder.path().join("requests.jsonl"))?;
        let wasmtime = setup::tool(project, Tool::Wasmtime)?;
        let wasm_tools = setup::tool(project, Tool::WasmTools)?;
        Ok(Self { shipped, wasmtime, wasm_tools, provider, folder })
    }

    /// The folder that holds one folder for each case.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A shell of one's own, for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current folder")?;
        shell.change_dir(self.folder());
        Ok(shell)
    }
}

/// A temporary folder, removed in the end unless it was asked for.
#[derive(Debug)]
enum Folder {
    Removed(TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn new(keep: bool) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("clawft-runs-").tempdir();
        let folder = folder.context("could not make a temporary folder")?;
        if !keep {
            return Ok(Self::Removed(folder));
        }
        let path = folder.keep();
        ui::status("Keeping", &path.display().to_string());
        Ok(Self::Kept(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Removed(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}
