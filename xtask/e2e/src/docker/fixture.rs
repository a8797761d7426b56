//! What all cases share: the binaries, the engine, the server that plays the model, and a folder.

use std::path::{Path, PathBuf};

use anyhow::Result;
use devkit::{package::XTASK, project::Project};
use flags::values::Platform;
use testkit::{Provider, WorkDirectory};
use toolchain::Python;
use xshell::Shell;

use super::{cases::Case, context::ImageContext, engine::Engine};
use crate::report::Failure;

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    /// The engine and the registries.
    pub(super) engine: Engine,
    /// The program of `cargo xtask`.
    pub(super) xtask: PathBuf,
    /// The folder with the released binaries.
    pub(super) binaries: PathBuf,
    /// The checkout.
    pub(super) root: PathBuf,
    /// The folder of Python's programs that check the deployment files.
    pub(super) python: PathBuf,
    /// The server that plays the model. Declared before the folder, so that it has ended when its log is removed.
    pub(super) provider: Provider,
    folder: WorkDirectory,
}

impl Fixture {
    /// Builds, finds and starts what the cases need. With `keep`, the folder outlives the run, and is named.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        // First: without an engine all the rest would be for nothing.
        let engine = Engine::find(&project.shell()?)?;
        let python = toolchain::python(project, Python::Deploy)?;
        release::ensure_built(project, &Platform::ALL.map(Platform::target))?;
        let folder = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &folder.path().join("requests.jsonl"))?;
        let xtask = XTASK.ensure_built(project)?;
        let (binaries, root) = (project.dist.clone(), project.root.clone());
        Ok(Self { engine, xtask, binaries, root, python, provider, folder })
    }

    /// Tries `case` in a place of its own.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = ImageContext::new(self, case.name)?;
        let tried = (case.check)(&test).map_err(|error| Failure { error, seen: test.seen() });
        test.forget_images();
        tried
    }

    /// The folder that holds one folder for each case.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A shell of one's own, for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.folder.shell()
    }
}
