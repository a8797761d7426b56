//! The release as users install it: scripts that download from a release page on loopback, packages, and `weft.exe` in
//! wine.
//!
//! Modules in reading order: [`cases`] are the tests, [`context`] is the context of a case, [`fixture`] is what all
//! cases share, and [`empty_root`] is a new machine.

mod cases;
mod context;
mod empty_root;
mod fixture;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use self::fixture::Fixture;
use super::harness::{self, Log, Options};

/// Prepares the cases.
pub(super) fn trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    let cases = options.choose(cases::all(), harness::name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(harness::name)));
    }
    let fixture = Arc::new(Fixture::prepare(project, &cases, options.keep)?);
    ui::status(
        "Running",
        &format!("the cases of the installation ({})", cases.len()),
    );
    let trial = |case: cases::Case| {
        let fixture = Arc::clone(&fixture);
        log.trial(case.name.to_owned(), move || fixture.attempt(&case))
    };
    Ok(cases.into_iter().map(trial).collect())
}
