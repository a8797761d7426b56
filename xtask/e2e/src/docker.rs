//! Tests of images: making, pushing, pulling and running them, with a real engine and a real registry.
//!
//! `ci/docker-engine` starts both. The cases run `cargo xtask docker` as a user types it, and use the results with
//! Docker.
//!
//! Modules in reading order: [`cases`] are the tests, [`context`] is the context of a case, [`container`] is a
//! gateway in a container, [`compose`] are containers that compose starts, [`services`] is what they need beside the
//! gateway, [`engine`] finds the engine, [`fixture`] is what all cases share.

mod cases;
mod compose;
mod container;
mod context;
mod engine;
mod fixture;
mod services;

use std::sync::Arc;

use anyhow::Result;
use devkit::{project::Project, ui};
use libtest_mimic::Trial;

use self::fixture::Fixture;
use super::harness::{self, Log, Options};

/// Prepares the cases of images.
pub(super) fn image_trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    trials(project, options, log, cases::of_images())
}

/// Prepares the cases of the Dockerfile's own compilation.
pub(super) fn dockerfile_trials(project: &Project, options: &Options, log: &Log) -> Result<Vec<Trial>> {
    trials(project, options, log, cases::of_dockerfile())
}

fn trials(project: &Project, options: &Options, log: &Log, cases: Vec<cases::Case>) -> Result<Vec<Trial>> {
    let cases = options.choose(cases, harness::name)?;
    if options.list() {
        return Ok(harness::listed(cases.iter().map(harness::name)));
    }
    let fixture = Arc::new(Fixture::prepare(project, options.keep)?);
    let version = &fixture.engine.version;
    ui::status(
        "Running",
        &format!("the cases on Docker's engine {version} ({})", cases.len()),
    );
    let trial = |case: cases::Case| {
        let fixture = Arc::clone(&fixture);
        log.trial(case.name.to_owned(), move || fixture.attempt(&case))
    };
    Ok(cases.into_iter().map(trial).collect())
}
