//! The released binary, tested from outside with the programs of its users: the OpenAI client, a browser, a shell;
//! and on the other architecture, under load, and when it is killed.
//!
//! Modules in reading order: [`cases`] are the tests, [`context`] is the context of a case, [`fixture`] is what
//! all cases share. The MCP servers of others are in [`mcp_servers`](super::mcp_servers).

mod cases;
mod context;
mod fixture;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use self::fixture::Fixture;
pub(super) use self::{context::TOKEN, fixture::Subject};
use super::harness::{self, Log, Options};

/// Returns the names of the cases, for the test of the document that names them.
#[cfg(test)]
pub(super) fn case_names() -> impl Iterator<Item = &'static str> {
    cases::all().into_iter().map(|case| case.name)
}

/// Prepares the cases, for the binary that the environment names.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let subject = Subject::chosen()?;
    let cases = match subject {
        Subject::Released => cases::all(),
        Subject::Chosen(_) => cases::own(),
    };
    let cases = options.choose(cases, harness::name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(harness::name)));
    }
    let fixture = Arc::new(Fixture::prepare(project, subject, options.keep)?);
    ui::status(
        "Running",
        &format!("the cases on {} ({})", fixture.version()?, cases.len()),
    );
    let trial = |case: cases::Case| {
        let fixture = Arc::clone(&fixture);
        log.trial(case.name.to_owned(), move || fixture.attempt(&case))
    };
    Ok(cases.into_iter().map(trial).collect())
}
