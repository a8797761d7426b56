//! The fixture of all clients: the binary, the mock provider, the scripts, and the record of results.

use std::path::{Path, PathBuf};

use anyhow::Result;
use devkit::project::Project;
use flags::values::Target;
use testkit::{Provider, WorkDirectory};
use xshell::{Cmd, Shell, cmd};

use super::{
    client::{Client, Runtime},
    record::Results,
};
use crate::weft::Subject;

/// Everything that is prepared once, before the first client.
#[derive(Debug)]
pub(super) struct Fixture {
    weft: PathBuf,
    /// The scripts of the clients.
    scripts: PathBuf,
    pub(super) project: Project,
    pub(super) results: Results,
    /// The mock provider. It is declared before the directory, so that it ends before its log is removed.
    pub(super) provider: Provider,
    directory: WorkDirectory,
}

impl Fixture {
    /// Builds and starts what all clients need. With `keep`, the directory outlives the run, and its path is printed.
    pub(super) fn prepare(project: &Project, keep: bool) -> Result<Self> {
        let weft = match Subject::chosen()? {
            Subject::Chosen(path) => path,
            Subject::Released => released(project)?,
        };
        let directory = WorkDirectory::new(keep)?;
        let provider = Provider::start(project, &directory.path().join("requests.jsonl"))?;
        Ok(Self {
            weft,
            scripts: project.root.join("xtask/acceptance/clients"),
            project: project.clone(),
            results: Results::load(project)?,
            provider,
            directory,
        })
    }

    /// Returns the command of a client's script. The packages are fetched if necessary.
    pub(super) fn script<'a>(&self, shell: &'a Shell, client: &Client) -> Result<Cmd<'a>> {
        let script = self.scripts.join(client.script);
        Ok(match client.runtime {
            Runtime::Python(packages) => {
                let python = toolchain::python(&self.project, packages)?.join("python3");
                // `-B`: no compiled Python files are written into the checkout.
                cmd!(shell, "{python} -B {script}")
            }
            Runtime::Node(packages) => {
                let programs = toolchain::node(&self.project, packages)?;
                let directory = programs.ancestors().nth(2).unwrap_or(&programs);
                cmd!(shell, "node {script}").env("CLIENTS", directory)
            }
        })
    }

    /// Returns the command of the binary.
    pub(super) fn weft<'a>(&self, shell: &'a Shell) -> Cmd<'a> {
        let weft = &self.weft;
        cmd!(shell, "{weft}")
    }

    /// Returns the log of the mock provider.
    pub(super) fn log(&self) -> PathBuf {
        self.directory.path().join("requests.jsonl")
    }

    /// Returns the directory that contains one directory for each client.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Returns the binary for this machine.
pub(crate) fn released(project: &Project) -> Result<PathBuf> {
    let own = Target::of_this_machine();
    let targets: Vec<Target> = own.into_iter().collect();
    let built = release::ensure_built(project, &targets)?;
    built
        .into_values()
        .next()
        .ok_or_else(|| anyhow::anyhow!("no binary is released for this machine: name one in WEFT"))
}
