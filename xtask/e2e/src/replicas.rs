//! Replicas of `weft gateway` on a real Postgres: ordinary cases, and one in which everything is killed.
//!
//! Modules in reading order: [`cases`] are the tests, [`context`] is the context of a case, [`database`] and
//! [`balancer`] are Postgres and nginx, and [`fixture`] is what all cases share.

mod balancer;
mod cases;
mod context;
mod database;
mod fixture;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use self::{context::ReplicasContext, fixture::Fixture};
use super::{
    harness::{self, Log, Options, case::Case},
    report::Failure,
};

/// A check of replicas.
type Check = fn(&ReplicasContext<'_>) -> Result<()>;

/// Prepares the cases, for the binary that the environment names, or the released one.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let cases = options.choose(cases::all(), harness::name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(harness::name)));
    }
    let fixture = Arc::new(Fixture::prepare(project, options.keep)?);
    ui::status("Running", &format!("the cases of replicas ({})", cases.len()));
    let trial = |case: Case<Check>| {
        let fixture = Arc::clone(&fixture);
        log.trial(case.name.to_owned(), move || attempt(&fixture, &case))
    };
    Ok(cases.into_iter().map(trial).collect())
}

/// Runs `case` in its own context, and checks that no password is anywhere that somebody could see it.
fn attempt(fixture: &Fixture, case: &Case<Check>) -> Result<(), Failure> {
    let test = ReplicasContext::new(fixture, case.name)?;
    let tried = (case.check)(&test).and_then(|()| test.kept_the_password());
    tried.map_err(|error| Failure {
        error,
        seen: test.seen(),
    })
}

/// Returns the names of the cases, for the test of the document that names them.
#[cfg(test)]
pub(super) fn case_names() -> impl Iterator<Item = &'static str> {
    cases::all().into_iter().map(|case| case.name)
}
