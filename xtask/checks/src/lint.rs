//! `cargo xtask lint`: formatting, faults that a program can find, and lists of packages that must be absent.
//!
//! Every check runs, even after a failed one. Modules in reading order: [`checkout`] finds the files, [`linter`]
//! runs a program on them; then a module for each kind of check, and [`results`].

mod checkout;
mod clippy;
mod dependencies;
mod dockerfiles;
mod linter;
mod packages;
mod results;
mod scripts;
mod workflow_runs;
mod workflows;

use anyhow::{Context as _, Error, Result, ensure};
use clap::ValueEnum as _;
use devkit::{cargo::cargo, cmd, project::Project, ui};
use flags::{Check, Lint};
use xshell::cmd;

use self::results::{CheckResult, Outcome};

/// Runs the requested checks, or all of them, and prints the counts, or the results as JSON.
///
/// # Errors
///
/// Fails with the number of failed checks, after their findings.
pub(crate) fn run(project: &Project, flags: &Lint) -> Result<()> {
    let checks = if flags.checks.is_empty() {
        Check::value_variants()
    } else {
        &flags.checks
    };
    let results: Vec<CheckResult> = checks
        .iter()
        .map(|check| CheckResult {
            check: *check,
            outcome: outcome(*check, project, flags),
        })
        .collect();
    if flags.json {
        ui::talk(&results::counts(&results));
        ui::result(&results::json(&results)?)?;
    } else {
        ui::result(&results::counts(&results))?;
    }
    let failed = results::failed(&results);
    ensure!(
        failed.is_empty(),
        "{} of {} checks failed: run `cargo xtask lint {}` again after fixing their findings",
        failed.len(),
        checks.len(),
        failed.join(" ")
    );
    Ok(())
}

/// Runs the check, and prints why it failed or was skipped.
fn outcome(check: Check, project: &Project, flags: &Lint) -> Outcome {
    ui::status("Checking", subject(check));
    let Err(error) = run_check(check, project, flags.advisory_db.as_deref()) else {
        return Outcome::Passed;
    };
    let message = format!("{error:#}");
    if may_skip(flags, &error) {
        ui::warn(&format!("{} skipped: {message}", check.name()));
        return Outcome::Skipped(message);
    }
    ui::failure("Failed", &format!("{}: {message}", check.name()));
    Outcome::Failed(message)
}

/// Returns whether `error` may be a warning: the database of advisories is not reachable, and it was not requested
/// by name. Without a network, it is the only thing that a set-up machine cannot get.
fn may_skip(flags: &Lint, error: &Error) -> bool {
    flags.checks.is_empty() && flags.advisory_db.is_none() && error.is::<dependencies::OutOfReach>()
}

fn run_check(check: Check, project: &Project, database: Option<&str>) -> Result<()> {
    match check {
        Check::Rustfmt => rustfmt(project),
        Check::Packages => packages::check(project),
        Check::Actionlint => workflows::actionlint(project),
        Check::Zizmor => workflows::zizmor(project),
        Check::Shellcheck => scripts::check(project),
        Check::Hadolint => dockerfiles::check(project),
        Check::Dependencies => dependencies::check(project),
        Check::WorkflowRuns => workflow_runs::check(project),
        Check::Clippy => clippy::check(project),
        Check::ClippyTools => clippy::check_on_demand(project),
        Check::Docs => docs(project),
        Check::Advisories => dependencies::advisories(project, database),
    }
}

/// Returns the subject of a check.
fn subject(check: Check) -> &'static str {
    match check {
        Check::Rustfmt => "formatting with rustfmt",
        Check::Packages => "packages that must be absent",
        Check::Actionlint => "workflows with actionlint",
        Check::Zizmor => "workflows and actions with zizmor",
        Check::Shellcheck => "scripts with shellcheck",
        Check::Hadolint => "Dockerfiles with hadolint",
        Check::Dependencies => "licences, sources and duplicates with cargo-deny",
        Check::WorkflowRuns => "runs of the workflows with act",
        Check::Clippy => "the code with clippy",
        Check::ClippyTools => "programs built on demand with clippy",
        Check::Docs => "doc comments with rustdoc",
        Check::Advisories => "known faults of dependencies with cargo-deny",
    }
}

fn rustfmt(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    // Its findings are on standard output, which is for our own results.
    linter::expect_nothing(cmd!(shell, "cargo fmt --all --check -- --color never"), "rustfmt")
        .context("could not pass the check of the formatting: run `cargo fmt --all`")
}

/// Checks the doc comments of all items with rustdoc, including private ones.
fn docs(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    // Links to private items are valid, because those are documented too.
    let flags = "--deny warnings --allow rustdoc::private_intra_doc_links";
    let docs = cargo(&shell, "doc")
        .args(["--quiet", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", flags);
    cmd::run(docs, "pass rustdoc's checks of the doc comments")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn lint(checks: &[Check], advisory_db: Option<&str>) -> Lint {
        Lint {
            checks: checks.to_vec(),
            advisory_db: advisory_db.map(str::to_owned),
            json: false,
        }
    }

    #[test]
    fn skips_unreachable_database_unless_requested() {
        let out_of_reach = anyhow!("no such host").context(dependencies::OutOfReach);
        assert!(may_skip(&lint(&[], None), &out_of_reach));
        assert!(!may_skip(&lint(&[Check::Advisories], None), &out_of_reach));
        assert!(!may_skip(&lint(&[], Some("a/copy")), &out_of_reach));
        assert!(!may_skip(&lint(&[], None), &anyhow!("a faulty package")));
    }
}
