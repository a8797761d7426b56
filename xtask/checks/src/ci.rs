//! `cargo xtask ci` and `cargo xtask test`: the steps that a change or a release must pass, each a process of its
//! own, and one table of their results.
//!
//! Modules in reading order: [`steps`] holds the command of each step, [`changed`] plans the tests of changed
//! packages, [`cases`] finds the end-to-end cases with a text in their name, [`runner`] runs the steps in their
//! [`order`], some at once, from a [`program`] that stays the same meanwhile, with Docker's [`engine`] where one is
//! needed; [`test_counts`] and [`excerpt`] read the log of a step, [`passed`] records the steps that passed for a
//! commit, and [`table`] and [`json`] render the results.

mod cases;
mod changed;
mod engine;
mod excerpt;
mod json;
mod order;
mod passed;
mod program;
mod runner;
mod steps;
mod table;
mod test_counts;

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use clap::ValueEnum as _;
use devkit::{project::Project, ui};
use flags::{Ci, FUZZ_SECONDS, Output, Ready, Step, Test};

use self::{
    passed::Passed,
    runner::Runner,
    steps::{Command, Planned},
};

/// Seconds to fuzz each target in the tier of a change: enough to show that the target still runs.
const FUZZ_SECONDS_OF_CHANGE: u64 = 2;

/// The most steps that run at once by default. More of them take memory for several links at once, and gain nothing.
const MOST_JOBS: u16 = 3;

/// Runs `cargo xtask ci`.
pub(crate) fn run(project: &Project, flags: &Ci) -> Result<()> {
    let mut chosen = chosen(flags);
    if chosen.is_empty() {
        bail!("no step is left: `--skip` leaves out every step that was chosen");
    }
    if flags.resume {
        chosen = without_passed(project, chosen)?;
    }
    let default = if flags.full {
        FUZZ_SECONDS
    } else {
        FUZZ_SECONDS_OF_CHANGE
    };
    let seconds = flags.fuzz_seconds.unwrap_or(default);
    run_steps(
        project,
        &planned(project, &chosen, seconds),
        &(&flags.output).into(),
    )
}

/// Returns the steps to run, in their order. A step that is named may be of either tier.
fn chosen(flags: &Ci) -> Vec<Step> {
    all().into_iter().filter(|step| takes(flags, *step)).collect()
}

fn takes(flags: &Ci, step: Step) -> bool {
    let in_tier = flags.full || !step.is_long() || flags.from.is_some_and(Step::is_long);
    let asked = if flags.only.is_empty() {
        in_tier
    } else {
        flags.only.contains(&step)
    };
    asked && flags.from.is_none_or(|first| step >= first) && !flags.skip.contains(&step)
}

/// Runs `cargo xtask test`.
pub(crate) fn run_tests(project: &Project, flags: &Test) -> Result<()> {
    let steps = if flags.changed {
        changed::tests(project, flags.base.as_deref(), flags.text.as_deref())?
    } else if let Some(text) = &flags.text {
        let mut steps = vec![matching(project, text)];
        if !flags.quick {
            steps.extend(cases::matching(project, text)?);
        }
        steps
    } else if flags.quick {
        vec![quick(project)]
    } else {
        let steps: Vec<Step> = all().into_iter().filter(|step| !step.is_long()).collect();
        planned(project, &steps, FUZZ_SECONDS_OF_CHANGE)
    };
    let options = RunOptions {
        show_names: flags.text.is_some(),
        ..(&flags.output).into()
    };
    run_steps(project, &steps, &options)
}

/// Runs `cargo xtask ready`.
pub(crate) fn run_ready(project: &Project, flags: &Ready) -> Result<()> {
    let mut steps = planned(project, &[Step::Lint], FUZZ_SECONDS_OF_CHANGE);
    steps.extend(changed::tests(project, flags.base.as_deref(), None)?);
    run_steps(project, &steps, &(&flags.output).into())
}

/// Returns those of `steps` that have not passed for the commit that is checked out, and names the others.
fn without_passed(project: &Project, steps: Vec<Step>) -> Result<Vec<Step>> {
    let passed = Passed::of(project)?;
    let has_passed = |step: &Step| passed.as_ref().is_some_and(|passed| passed.contains(*step));
    let (done, left): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(has_passed);
    if !done.is_empty() {
        let names: Vec<String> = done.iter().map(|step| step.name()).collect();
        ui::status(
            "Passed",
            &format!("before, for this commit: {}", names.join(", ")),
        );
    }
    Ok(left)
}

fn planned(project: &Project, steps: &[Step], fuzz_seconds: u64) -> Vec<Planned> {
    steps
        .iter()
        .map(|step| steps::planned(*step, project, fuzz_seconds))
        .collect()
}

/// The options of cargo that choose the tests of half a minute.
const QUICK: &str = "--lib --bins --test cli --test tidy -- --skip linear_time";

/// Returns the step that runs the tests that need no server, no load and no large input: those beside the code, and
/// those of command lines and of the rules for this repository.
fn quick(project: &Project) -> Planned {
    let mut step = steps::planned(Step::Unit, project, FUZZ_SECONDS_OF_CHANGE);
    if let Command::Cargo(words) = &mut step.command {
        words.extend(QUICK.split(' ').map(str::to_owned));
    }
    step
}

/// Returns the step that runs the unit tests whose name contains `text`.
fn matching(project: &Project, text: &str) -> Planned {
    let mut step = steps::planned(Step::Unit, project, FUZZ_SECONDS_OF_CHANGE);
    if let Command::Cargo(words) = &mut step.command {
        words.push(text.to_owned());
    }
    step
}

/// Returns the directory of the logs and of the record of passed steps.
fn directory(project: &Project) -> PathBuf {
    project.target.join("ci")
}

/// Returns every step of both tiers, in order.
fn all() -> Vec<Step> {
    Step::value_variants().to_vec()
}

/// Options of a run.
#[derive(Clone, Copy, Debug)]
struct RunOptions {
    /// Go on after a step that fails.
    keep_going: bool,
    /// Show the output of the steps as it comes.
    verbose: bool,
    /// The maximum number of steps that run at once.
    jobs: u16,
    /// Print the names of the tests that passed.
    show_names: bool,
    /// Form of the results.
    format: Format,
}

/// Form and place of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// A table on standard output.
    Table,
    /// JSON on standard output.
    Json,
}

impl RunOptions {
    /// Prints a line or table for people: on standard error if the result on standard output is JSON.
    fn print(&self, text: &str) -> Result<()> {
        if self.format == Format::Table {
            return ui::result(text);
        }
        ui::talk(text);
        Ok(())
    }
}

impl From<&Output> for RunOptions {
    fn from(
        &Output {
            keep_going,
            jobs,
            verbose,
            json,
        }: &Output,
    ) -> Self {
        let format = if json { Format::Json } else { Format::Table };
        Self {
            keep_going,
            verbose,
            jobs: if verbose {
                1
            } else {
                jobs.unwrap_or_else(default_jobs)
            },
            show_names: false,
            format,
        }
    }
}

/// Returns how many steps run at once by default: most of them wait for others or sleep for a part of their time.
fn default_jobs() -> u16 {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    u16::try_from(processors).map_or(MOST_JOBS, |it| it.min(MOST_JOBS))
}

/// Runs `steps`, prints the results and, last of all, an excerpt of the first failed step's log.
fn run_steps(project: &Project, steps: &[Planned], options: &RunOptions) -> Result<()> {
    if steps.is_empty() {
        ui::status("Finished", "nothing is left to run");
        return if options.format == Format::Json {
            ui::result(&json::json(&[], Duration::ZERO, true)?)
        } else {
            Ok(())
        };
    }
    let runner = Runner::new(project, steps, options)?;
    let started = Instant::now();
    let results = runner.run_all()?;
    let elapsed = started.elapsed();
    options.print(&table::table(&results, elapsed))?;
    // Names are shown for a choice of tests by their text, which may fit none.
    let found_tests = !options.show_names || results.iter().any(|result| result.counts.sum.is_some());
    if options.format == Format::Json {
        ui::result(&json::json(&results, elapsed, found_tests)?)?;
    }
    runner.conclude(&results)?;
    ensure!(
        found_tests,
        "no test has this text in its name: `cargo xtask smoke RUNTIME --list` and `cargo test -- --list` print the names"
    );
    Ok(())
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
        super::chosen(&ci)
    }

    #[test]
    fn runs_one_tier_or_both_by_default() {
        let short: Vec<Step> = all().into_iter().filter(|step| !step.is_long()).collect();
        assert_eq!(chosen(&[]), short);
        assert_eq!(chosen(&["--full"]), Step::value_variants());
    }

    #[test]
    fn chosen_steps_keep_their_order() {
        assert_eq!(
            chosen(&["--only", "unit", "--only", "lint"]),
            [Step::Lint, Step::Unit]
        );
        assert_eq!(chosen(&["--from", "page"]), [Step::Page, Step::Fuzz]);
        assert_eq!(chosen(&["--from", "page", "--skip", "fuzz"]), [Step::Page]);
    }

    #[test]
    fn named_long_step_needs_no_full() {
        assert_eq!(chosen(&["--only", "coverage"]), [Step::Coverage]);
        assert_eq!(
            chosen(&["--from", "reproducible"]),
            [Step::Reproducible, Step::Dockerfile, Step::Mutants]
        );
    }
}
