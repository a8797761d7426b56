//! `cargo xtask smoke weft`: the released binary, tried from outside by the programs that its users have: the OpenAI client,
//! a browser, a shell; and on the other architecture, under load, and when it is killed.
//!
//! Modules in reading order: [`cases`] says what is tried, [`place`] is what a case works with, [`bench`] is what all
//! cases share.

mod bench;
mod cases;
mod place;

use anyhow::{Result, ensure};
use devkit::{project::Project, ui};
use flags::Smoke;

use self::{
    bench::{Bench, Subject},
    cases::Case,
};
use super::{report, runner};

/// The names of the cases, for the page that names them.
#[cfg(test)]
pub(super) fn case_names() -> impl Iterator<Item = &'static str> {
    cases::all().into_iter().map(|case| case.name)
}

/// Tries the cases that `flags` choose.
pub(super) fn run(flags: &Smoke, project: &Project) -> Result<()> {
    ensure!(flags.seed.is_none(), "`--seed` is for the hostile server, and no case here is about it");
    let subject = Subject::chosen()?;
    let cases = match subject {
        Subject::Released => cases::all(),
        Subject::Chosen(_) => cases::own(),
    };
    let cases = Case::select(cases, flags.only.as_deref())?;
    let bench = Bench::prepare(project, subject, flags.keep)?;
    ui::status("Running", &format!("the cases on {} ({})", bench.version()?, cases.len()));
    report::summary(&runner::run(&cases, |case| bench.attempt(case)))
}
