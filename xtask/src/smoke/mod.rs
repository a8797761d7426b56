//! `cargo xtask smoke`: the shipped artifacts, run for real against a server on loopback.
//!
//! Nothing is faked but the model: a real wasmtime runs the bytes that ship, over real sockets and files, and each case
//! looks at all that a user could see.
//!
//! Modules in reading order: [`cases`] says what is tried, [`lab`] is what a case works with, [`guest`] runs an artifact
//! in it and [`outcome`] judges what came of that, [`bench`] and [`provider`] are what all cases share, [`child`] bounds
//! every wait, [`runner`] runs the cases and [`report`] tells of them.

mod bench;
mod cases;
mod child;
mod guest;
mod lab;
mod outcome;
mod provider;
mod report;
mod runner;

use anyhow::Result;

use self::{bench::Bench, cases::Case};
use crate::{
    cli::{Runtime, Smoke},
    project::Project,
};

impl Smoke {
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        // Chosen first: a mistyped name is cheaper to hear of now than after the build.
        let cases = match self.runtime {
            Runtime::Wasmtime => Case::select(cases::wasmtime(), self.only.as_deref())?,
        };
        let bench = Bench::prepare(project, self.keep)?;
        let results = runner::run(&cases, &bench);
        report::summary(&results)
    }
}
