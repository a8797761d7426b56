//! The fixture of all cases: the binaries, the engine, the mock provider, and a directory.

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
    /// The directory of the Python programs that check the deployment files.
    pub(super) python: PathBuf,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds, finds and starts what the cases need. With `keep`, the directory outlives the run, and its path is
    /// printed.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        // The engine comes first, because the other steps are useless without it.
        let engine = Engine::find(&project.shell()?)?;
        let python = toolchain::python(project, Python::Deploy)?;
        release::ensure_built(project, &Platform::ALL.map(Platform::target))?;
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        let xtask = XTASK.ensure_built(project)?;
        let (binaries, root) = (project.dist.clone(), project.root.clone());
        Ok(Self {
            engine,
            xtask,
            binaries,
            root,
            python,
            provider,
            directory,
        })
    }

    /// Runs `case` in its own context.
    pub(super) fn attempt(&self, case: &Case) -> Result<(), Failure> {
        let test = ImageContext::new(self, case.name)?;
        let tried = (case.check)(&test).map_err(|error| Failure {
            error,
            seen: test.seen(),
        });
        test.forget_images();
        tried
    }

    /// Returns the directory that contains one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a new shell for one thread: shells are not shared between threads.
    pub(super) fn shell(&self) -> Result<Shell> {
        self.directory.shell()
    }
}
