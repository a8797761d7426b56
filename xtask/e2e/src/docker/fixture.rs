//! The fixture of all cases: the binaries, the engine, the server that plays the model, and a directory.

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
    /// The directory with the released binaries.
    pub(super) binaries: PathBuf,
    /// The checkout.
    pub(super) root: PathBuf,
    /// The directory of Python's programs that check the deployment files.
    pub(super) python: PathBuf,
    /// The server that plays the model. Declared before the directory, so that it has ended when its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds, finds and starts what the cases need. With `keep`, the directory outlives the run, and is named.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        // First: without an engine all the rest would be for nothing.
        let engine = Engine::find(&project.shell()?)?;
        let python = toolchain::python(project, Python::Deploy)?;
        release::ensure_built(project, &Platform::ALL.map(Platform::target))?;
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let xtask = XTASK.ensure_built(project)?;
        let (binaries, root) = (project.dist.clone(), project.root.clone());
        Ok(Self { engine, xtask, binaries, root, python, provider, directory })
    }

    /// Tries `case` in a context of its own.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = ImageContext::new(self, case.name)?;
        let tried = (case.check)(&test).map_err(|error| Failure { error, seen: test.seen() });
        test.forget_images();
        tried
    }

    /// The directory that holds one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A shell of one's own, for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.directory.shell()
    }
}
