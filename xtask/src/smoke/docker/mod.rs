//! `cargo xtask smoke docker`: images as they are made, pushed, pulled and run, with a real engine and a real registry.
//!
//! `ci/docker-engine` starts both. What is tried is the command as a user types it: this very program, run again as
//! `cargo xtask docker`, and what Docker makes of the result.
//!
//! Modules in reading order: [`cases`] says what is tried, [`place`] is what a case works with, [`container`] is a gateway that
//! runs in one, [`engine`] finds what was started, [`bench`] is what all cases share.

mod bench;
mod cases;
mod container;
mod engine;
mod place;

use anyhow::{Result, ensure};
use devkit::{project::Project, ui};
use flags::Smoke;

use self::{bench::Bench, cases::Case};
use super::{report, runner};

/// Tries the cases that `flags` choose.
pub(super) fn run(flags: &Smoke, project: &Project) -> Result<()> {
    ensure!(flags.seed.is_none(), "`--seed` is for the hostile server, and no case here is about it");
    let cases = Case::select(cases::all(), flags.only.as_deref())?;
    let bench = Bench::prepare(project, flags.keep)?;
    ui::status(
        "Running",
        &format!("the cases on Docker's engine {} ({})", bench.engine.version, cases.len()),
    );
    report::summary(&runner::run(&cases, |case| bench.attempt(case)))
}
