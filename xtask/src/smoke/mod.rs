//! `cargo xtask smoke`: the shipped artifacts, run for real against a server on loopback.
//!
//! Nothing is faked but the model: a real wasmtime runs the bytes that ship, over real sockets and files, and each case
//! looks at all that a user could see.
//!
//! Modules in reading order: [`cases`] says what is tried, each a [`case`], [`lab`] is what a case works with, [`guest`] runs
//! an artifact in it, [`watch`] notes when it printed what, [`wamr`] is the way to WAMR, [`bench`] is what all cases share, [`runner`]
//! runs the cases and [`report`] tells of them. The server that plays the model and the judgement of a run are in `testkit`. What is tried of the native command is in [`weft`], of
//! its images in [`docker`].

mod bench;
mod case;
mod cases;
mod docker;
mod guest;
mod lab;
mod mount;
mod report;
mod runner;
mod wamr;
mod watch;
mod weft;

use anyhow::{Result, ensure};
use devkit::{project::Project, ui};
use flags::{Runtime, Smoke};
use testkit::TEST_HOST;
use toolchain::Wasmtime;

pub(crate) use self::wamr::{PROGRAM as WAMR_RUNNER, usual as usual_wamr};
use self::{
    bench::{Bench, Host},
    cases::Case,
};

pub(crate) fn run(project: &Project, flags: &Smoke) -> Result<()> {
    ensure!(
        flags.version.is_none() || flags.runtime == Runtime::Wasmtime,
        "`--version` chooses a wasmtime command, and none is run here"
    );
    match flags.runtime {
        Runtime::Wasmtime => {
            let chosen = flags.version.unwrap_or_default();
            let hosts = || toolchain::wasmtimes(project, chosen);
            on(flags, project, cases::wasmtime(), || Ok(hosts()?.into_iter().map(Host::Wasmtime).collect()))
        }
        Runtime::Host => on(flags, project, cases::host(), || Ok(vec![Host::Wasmtime(test_host(project)?)])),
        Runtime::Wamr => on(flags, project, cases::wamr(), || {
            Ok(wamr::all(project)?.into_iter().map(Host::Wamr).collect())
        }),
        Runtime::Weft => weft::run(flags, project),
        Runtime::Docker => docker::run(flags, project),
    }
}

/// Returns the test host as the program that runs the cases, compiled if need be.
fn test_host(project: &Project) -> Result<Wasmtime> {
    Ok(Wasmtime { version: "embedded in the test host".to_owned(), path: TEST_HOST.ensure_built(project)? })
}

/// Tries `cases` on one of `hosts` after the other.
fn on(
    flags: &Smoke,
    project: &Project,
    cases: Vec<Case>,
    hosts: impl FnOnce() -> Result<Vec<Host>>,
) -> Result<()> {
    // Chosen first: a mistyped name is cheaper to hear of now than after the build.
    let mut cases = Case::select(cases, flags.only.as_deref())?;
    let hosts = hosts()?;
    // Once: it is the same bytes that have to run everywhere.
    let shipped = artifacts::ensure_built(project)?;
    let mut results = Vec::new();
    for host in hosts {
        ui::status("Running", &format!("the cases on {host} ({})", cases.len()));
        let bench = Bench::prepare(project, shipped.clone(), host, flags.seed, flags.keep)?;
        let bench = if flags.runtime == Runtime::Host { bench.embedded()? } else { bench };
        results.extend(runner::run(&cases, |case| bench.attempt(case)));
        // What is about our own code and takes long need not be shown on every release.
        cases.retain(|case| !case.long);
    }
    report::summary(&results)
}
