//! The cases of the component and the module, a file for each group.

mod answers;
mod anthropic;
mod chat;
mod config;
mod disk;
mod embed;
mod endurance;
mod events;
mod exports;
mod faults;
mod files;
mod hostile;
mod memory;
mod program;
mod provider;
mod providers;
mod retries;
mod sessions;
mod sizes;
mod streams;
mod tls;
mod tools;
mod wamr;

use std::{sync::Arc, thread};

use anyhow::{Context as _, Result};
use devkit::{project::Project, ui};
use libtest_mimic::Trial;
use testkit::TEST_HOST;
use toolchain::Wasmtime;

use super::{
    context::GuestContext,
    fixture::{Fixture, Host},
};
use crate::harness::{
    self, Log, Options,
    case::{self, cases},
};

/// A case about the component or the module.
pub(super) type Case = case::Case<fn(&GuestContext<'_>) -> Result<()>>;

/// Prepares the cases on the wasmtime command, or on several releases of it.
pub(crate) fn wasmtime_trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    // Chosen first, so that a wrong name is reported before the build.
    let cases = options.choose(wasmtime(), harness::name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(harness::name)));
    }
    let hosts = toolchain::wasmtimes(project, options.version.unwrap_or_default())?;
    // Built once: the same bytes must run everywhere.
    let shipped = artifacts::ensure_built(project)?;
    let mut trials = Vec::new();
    for (at, host) in hosts.into_iter().enumerate() {
        let prefix = if at == 0 {
            String::new()
        } else {
            format!("wasmtime-{}::", host.version)
        };
        let cases = cases.iter().filter(|case| at == 0 || !case.long);
        let cases = cases
            .map(|case| (format!("{prefix}{}", case.name), *case))
            .collect();
        let fixture = Fixture::prepare(project, shipped.clone(), Host::Wasmtime(host), options)?;
        trials.extend(trials_on(fixture, cases, log));
    }
    Ok(trials)
}

/// Prepares the cases on the test host.
pub(crate) fn host_trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let cases = options.choose(host(), harness::name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(harness::name)));
    }
    let path = TEST_HOST.ensure_built(project)?;
    let program = Host::Wasmtime(Wasmtime {
        version: "embedded in the test host".to_owned(),
        path,
    });
    let fixture =
        Fixture::prepare(project, artifacts::ensure_built(project)?, program, options)?.embedded()?;
    Ok(trials_on(
        fixture,
        cases
            .into_iter()
            .map(|case| (case.name.to_owned(), case))
            .collect(),
        log,
    ))
}

/// Prepares the cases on the default WAMR, and on a small one, where their names begin with `small`.
pub(crate) fn wamr_trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let usual = wamr::wamr().into_iter().map(|case| (case.name.to_owned(), case));
    let small = wamr::wamr()
        .into_iter()
        .map(|case| (format!("{SMALL}{}", case.name), case));
    let cases = options.choose(usual.chain(small).collect(), |(name, _)| name)?;
    if options.list() {
        return Ok(harness::listed(cases.into_iter().map(|(name, _)| name)));
    }
    let shipped = artifacts::ensure_built(project)?;
    let [usual, small] = super::wamr::all(project)?;
    let (on_small, on_usual): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|(name, _)| name.starts_with(SMALL));
    let mut trials = Vec::new();
    for (wamr, cases) in [(usual, on_usual), (small, on_small)] {
        if !cases.is_empty() {
            let fixture = Fixture::prepare(project, shipped.clone(), Host::Wamr(wamr), options)?;
            trials.extend(trials_on(fixture, cases, log));
        }
    }
    Ok(trials)
}

/// The beginning of the names of cases on a WAMR without reference types and bulk memory.
const SMALL: &str = "small::";

/// Makes trials of named cases that share `fixture`, which ends with the last of them.
fn trials_on(fixture: Fixture, cases: Vec<(String, Case)>, log: &Log) -> Vec<Trial> {
    ui::status(
        "Running",
        &format!("the cases on {} ({})", fixture.host, cases.len()),
    );
    let fixture = Arc::new(fixture);
    let trial = |(name, case)| {
        let fixture = Arc::clone(&fixture);
        log.trial(name, move || fixture.attempt(&case))
    };
    cases.into_iter().map(trial).collect()
}

/// Returns the cases for wasmtime, in the order in which they begin: the longest first.
fn wasmtime() -> Vec<Case> {
    let groups = [
        memory::CASES,
        disk::CASES,
        endurance::CASES,
        files::CASES,
        tools::CASES,
        events::CASES,
        chat::CASES,
        anthropic::CASES,
        answers::CASES,
        streams::CASES,
        provider::CASES,
        providers::CASES,
        retries::CASES,
        faults::CASES,
        hostile::CASES,
        config::CASES,
        sessions::CASES,
        sizes::CASES,
        program::CASES,
    ];
    groups.concat()
}

/// Returns the cases for the test host: those that only it can run, and others over TLS.
fn host() -> Vec<Case> {
    [
        tls::CASES,
        exports::CASES,
        embed::CASES,
        chat::CASES,
        anthropic::CASES,
        streams::CASES,
    ]
    .concat()
}

/// Returns the names of the cases on wasmtime and on the test host, for the test of the document that names them.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    wasmtime().into_iter().chain(host()).map(|case| case.name)
}

/// Returns the names of the cases on WAMR, for the same tests.
#[cfg(test)]
pub(crate) fn wamr_names() -> impl Iterator<Item = &'static str> {
    wamr::wamr().into_iter().map(|case| case.name)
}

/// Runs all of `work` at the same time; the result is the first failure in its order.
fn at_once(work: impl IntoIterator<Item = impl FnOnce() -> Result<()> + Send>) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = work.into_iter().map(|work| scope.spawn(work)).collect();
        let results: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        results
            .into_iter()
            .try_for_each(|result| result.ok().context("a thread of the case panicked")?)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_cases_are_unique() {
        for cases in [wasmtime(), host(), wamr::wamr()] {
            let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
            assert_eq!(names.len(), cases.len());
        }
    }
}
