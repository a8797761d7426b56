//! `cargo xtask ci`: everything that a change must pass. One list of steps, each a run of this same program, and one table.
//!
//! Modules in reading order: [`steps`] says what each step is, [`runner`] takes them one after the other, with a [`program`]
//! that stays the same meanwhile, Docker's [`engine`] where one is needed, and an eye on [`interrupt`](crate::interrupt)s; [`said`] reads what a step's
//! log counts and [`excerpt`] why it failed, [`passed`] remembers what passed for which commit, [`table`] is what the user reads.

mod engine;
mod excerpt;
mod passed;
mod program;
mod runner;
mod said;
mod steps;
mod table;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum as _;
use devkit::{project::Project, ui};

use self::{passed::Passed, runner::Runner};
use crate::cli::{Ci, FUZZ_SECONDS, Step, Test};

/// How long `test` fuzzes each target, in seconds: a moment, to see that it still runs.
const MOMENT: u64 = 2;

impl Ci {
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        let chosen: Vec<Step> = all().into_iter().filter(|step| self.takes(*step)).collect();
        if chosen.is_empty() {
            bail!("nothing is left to do: every step that was asked for is left out by `--skip`");
        }
        let how = How {
            keep_going: self.keep_going,
            verbose: self.verbose,
            fuzz_seconds: self.fuzz_seconds,
            result: ui::result,
        };
        take(project, &chosen, how)
    }

    fn takes(&self, step: Step) -> bool {
        let asked = self.only.is_empty() || self.only.contains(&step);
        asked && self.from.is_none_or(|first| step >= first) && !self.skip.contains(&step)
    }
}

impl Test {
    /// The part of the list that needs nothing but this machine's compilers and runtimes.
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        let chosen = if self.quick { vec![Step::Unit] } else { steps::tests() };
        take(
            project,
            &chosen,
            How {
                keep_going: self.keep_going,
                verbose: self.verbose,
                fuzz_seconds: MOMENT,
                result: ui::result,
            },
        )
    }
}

/// Runs those steps of `ci` that have not passed yet for the commit that is checked out. All of them, where the files differ
/// from it.
///
/// # Errors
/// One of them fails.
pub(crate) fn run_remaining(project: &Project) -> Result<()> {
    let passed = Passed::of(project)?;
    let has_passed = |step: &Step| passed.as_ref().is_some_and(|passed| passed.contains(*step));
    let (done, left): (Vec<Step>, Vec<Step>) = all().into_iter().partition(has_passed);
    if !done.is_empty() {
        let names: Vec<String> = done.iter().map(|step| step.name()).collect();
        ui::status("Passed", &format!("before, for this commit: {}", names.join(", ")));
    }
    if left.is_empty() {
        return Ok(());
    }
    // What the release itself prints is the result then.
    let talk = |text: &str| -> Result<()> {
        ui::talk(text);
        Ok(())
    };
    take(project, &left, How { keep_going: false, verbose: false, fuzz_seconds: FUZZ_SECONDS, result: talk })
}

/// Where logs are, and what is remembered.
fn folder(project: &Project) -> PathBuf {
    project.target.join("ci")
}

/// Every step, in the order of the list.
fn all() -> Vec<Step> {
    Step::value_variants().to_vec()
}

/// How steps are taken.
#[derive(Clone, Copy, Debug)]
struct How {
    /// Whether one that fails is not the end.
    keep_going: bool,
    /// Whether what they print is shown as it comes.
    verbose: bool,
    /// For how long each target is fuzzed.
    fuzz_seconds: u64,
    /// Where the table and the counts go.
    result: fn(&str) -> Result<()>,
}

/// Takes `steps`, prints the table and, last of all, what the first that failed had to say.
fn take(project: &Project, steps: &[Step], how: How) -> Result<()> {
    let runner = Runner::new(project, steps, how)?;
    let results = runner.take_all()?;
    (how.result)(&table::table(&results))?;
    runner.conclude(&results)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[&str]) -> Vec<Step> {
        use clap::Parser as _;
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            ci: Ci,
        }
        let words = ["ci"].iter().chain(words);
        let Alone { ci } = Alone::try_parse_from(words).unwrap();
        all().into_iter().filter(|step| ci.takes(*step)).collect()
    }

    #[test]
    fn without_a_choice_it_is_everything() {
        assert_eq!(chosen(&[]), Step::value_variants());
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        assert_eq!(chosen(&["--only", "unit", "--only", "lint"]), [Step::Lint, Step::Unit]);
        assert_eq!(chosen(&["--from", "reproducible"]), [Step::Reproducible, Step::Engine]);
        assert_eq!(chosen(&["--from", "reproducible", "--skip", "engine"]), [Step::Reproducible]);
    }
}
