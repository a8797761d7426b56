//! `cargo xtask smoke`: the shipped artifacts, run for real against a server on loopback.
//!
//! Nothing is faked but the model: a real wasmtime runs the bytes that ship, over real sockets and files, and each case
//! looks at all that a user could see.
//!
//! Modules in reading order: [`cases`] says what is tried, [`lab`] is what a case works with, [`guest`] runs an artifact
//! in it and [`outcome`] judges what came of that, [`watch`] notes when,
//! [`host`] is a host of our own, [`bench`] and [`provider`] are what all cases share, [`child`] bounds
//! every wait, [`runner`] runs the cases and [`report`] tells of them.

mod bench;
mod cases;
mod child;
mod guest;
mod host;
mod lab;
mod mount;
mod outcome;
mod provider;
mod report;
mod runner;
mod watch;

use anyhow::{Result, ensure};

use self::{bench::Bench, cases::Case};
use crate::{
    cli::{Runtime, Smoke},
    project::Project,
    setup, ui, wasm,
};

impl Smoke {
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        // Chosen first: a mistyped name is cheaper to hear of now than after the build.
        let cases = match self.runtime {
            Runtime::Wasmtime => cases::wasmtime(),
            Runtime::Host => cases::host(),
        };
        let cases = Case::select(cases, self.only.as_deref())?;
        match self.runtime {
            Runtime::Wasmtime => self.in_wasmtime(project, cases),
            Runtime::Host => self.in_host(project, &cases),
        }
    }

    fn in_wasmtime(self, project: &Project, mut cases: Vec<Case>) -> Result<()> {
        // Once: it is the same bytes that have to run everywhere.
        let shipped = wasm::ensure_built(project)?;
        let mut results = Vec::new();
        for wasmtime in setup::wasmtimes(project, self.version.unwrap_or_default())? {
            ui::status("Running", &format!("the cases on wasmtime {} ({})", wasmtime.version, cases.len()));
            let bench = Bench::prepare(project, shipped.clone(), wasmtime, self.seed, self.keep)?;
            results.extend(runner::run(&cases, &bench));
            // What is about our own code and takes long need not be shown on every release.
            cases.retain(|case| !case.long);
        }
        report::summary(&results)
    }

    fn in_host(self, project: &Project, cases: &[Case]) -> Result<()> {
        ensure!(self.version.is_none(), "`--version` chooses a wasmtime command, and `host` runs none");
        let host = host::program(project)?;
        let shipped = wasm::ensure_built(project)?;
        let bench = Bench::prepare(project, shipped, host, self.seed, self.keep)?.embedded()?;
        ui::status("Running", &format!("the cases in the test host ({})", cases.len()));
        report::summary(&runner::run(cases, &bench))
    }
}
