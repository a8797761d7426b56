//! `cargo xtask lint`: formatting, faults that a program can find, and lists of packages that must be absent.
//!
//! Every check runs, even after a failed one. Modules in reading order: [`checkout`] finds the files, [`linter`]
//! runs a program on them; then a module for each kind of check.

mod checkout;
mod clippy;
mod dependencies;
mod dockerfiles;
mod linter;
mod packages;
mod provided;
mod scripts;
mod workflows;

use anyhow::{Error, Result, ensure};
use clap::ValueEnum as _;
use devkit::{cargo::cargo, cmd, project::Project, ui};
use flags::{Check, Lint};
use xshell::cmd;

/// Runs the requested checks, or all of them, and prints the counts.
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
    let (mut failed, mut skipped) = (Vec::new(), 0);
    for check in checks {
        ui::status("Checking", subject(*check));
        let Err(error) = run_check(*check, project, flags.advisory_db.as_deref()) else {
            continue;
        };
        if may_skip(flags, &error) {
            ui::warn(&format!("{} skipped: {error:#}", check.name()));
            skipped += 1;
        } else {
            ui::failure("Failed", &format!("{}: {error:#}", check.name()));
            failed.push(check.name());
        }
    }
    let passed = checks.len() - failed.len() - skipped;
    ui::result(&format!(
        "{passed} passed, {} failed, {skipped} skipped",
        failed.len()
    ))?;
    ensure!(
        failed.is_empty(),
        "{} of {} checks failed: run `cargo xtask lint {}` again after fixing their findings",
        failed.len(),
        checks.len(),
        failed.join(" ")
    );
    Ok(())
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
        Check::Clippy => "the code with clippy",
        Check::ClippyTools => "programs built on demand with clippy",
        Check::Docs => "doc comments with rustdoc",
        Check::Advisories => "known faults of dependencies with cargo-deny",
    }
}

fn rustfmt(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    cmd::run(
        cmd!(shell, "cargo fmt --all --check"),
        "pass the check of the formatting: run `cargo fmt --all`",
    )
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
