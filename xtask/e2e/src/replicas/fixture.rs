//! The fixture of all cases: the binary, the mock provider, the programs of others, and an empty database to copy.

use std::path::{Path, PathBuf};

use anyhow::Result;
use devkit::project::Project;
use testkit::{Provider, WorkDirectory};
use toolchain::Program;
use xshell::{Cmd, Shell, cmd};

use super::database;
use crate::{clients, weft::Subject};

/// Everything that is prepared once, before the first case.
#[derive(Debug)]
pub(super) struct Fixture {
    weft: PathBuf,
    /// Postgres's server.
    pub(super) postgres: PathBuf,
    /// The proxy.
    pub(super) nginx: PathBuf,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds, finds and starts what the cases need. With `keep`, the directory outlives the run, and its path is
    /// printed.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        let weft = match Subject::chosen()? {
            Subject::Chosen(path) => path,
            Subject::Released => clients::released(project)?,
        };
        let postgres = toolchain::program(project, Program::Postgres)?;
        let nginx = toolchain::program(project, Program::Nginx)?;
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        database::prepare(&postgres, directory.path())?;
        Ok(Self {
            weft,
            postgres,
            nginx,
            provider,
            directory,
        })
    }

    /// Returns the command of the binary.
    pub(super) fn weft<'a>(&self, shell: &'a Shell) -> Cmd<'a> {
        let weft = &self.weft;
        cmd!(shell, "{weft}")
    }

    /// Returns the directory that contains one directory for each case.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}
