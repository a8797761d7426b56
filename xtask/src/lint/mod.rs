//! `cargo xtask lint`: form, mistakes that a program can find, and the invariants about what is absent.
//!
//! Every check runs, also after one that failed. Modules in reading order: [`checkout`] says which files there are,
//! [`linter`] runs a program on them; then a module for each kind of check.

mod checkout;
mod clippy;
mod dependencies;
mod dockerfiles;
mod linter;
mod packages;
mod scripts;
mod workflows;

use anyhow::{Error, Result, ensure};
use clap::ValueEnum as _;
use devkit::{cmd, project::Project, ui};
use xshell::cmd;

use crate::cli::{Check, Lint};

impl Lint {
    /// # Errors
    ///
    /// Counts the checks that failed, after what each of them found.
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        let checks = if self.checks.is_empty() { Check::value_variants() } else { &self.checks };
        let (mut failed, mut skipped) = (Vec::new(), 0);
        for check in checks {
            ui::status("Checking", check.subject());
            let Err(error) = check.run(project, self.advisory_db.as_deref()) else { continue };
            if self.may_skip(&error) {
                ui::warn(&format!("{} skipped: {error:#}", check.name()));
                skipped += 1;
            } else {
                ui::failure("Failed", &format!("{}: {error:#}", check.name()));
                failed.push(check.name());
            }
        }
        let passed = checks.len() - failed.len() - skipped;
        ui::result(&format!("{passed} passed, {} failed, {skipped} skipped", failed.len()))?;
        ensure!(
            failed.is_empty(),
            "{} of {} checks failed: run `cargo xtask lint {}` again once what they found is mended",
            failed.len(),
            checks.len(),
            failed.join(" ")
        );
        Ok(())
    }

    /// Whether `error` is no fault of the checkout's, and of nothing that was asked for by name: without a network, advisories
    /// are the one thing that a machine with everything else can't know.
    fn may_skip(&self, error: &Error) -> bool {
        self.checks.is_empty() && self.advisory_db.is_none() && error.is::<dependencies::OutOfReach>()
    }
}

impl Check {
    fn run(self, project: &Project, database: Option<&str>) -> Result<()> {
        match self {
            Self::Rustfmt => rustfmt(project),
            Self::Packages => packages::check(project),
            Self::Actionlint => workflows::actionlint(project),
            Self::Zizmor => workflows::zizmor(project),
            Self::Shellcheck => scripts::check(project),
            Self::Hadolint => dockerfiles::check(project),
            Self::Dependencies => dependencies::check(project),
            Self::Clippy => clippy::check(project),
            Self::ClippyTools => clippy::check_on_demand(project),
            Self::Advisories => dependencies::advisories(project, database),
        }
    }

    /// As it is typed.
    fn name(self) -> String {
        self.to_possible_value().expect("every check can be asked for").get_name().to_owned()
    }

    /// What it looks at.
    fn subject(self) -> &'static str {
        match self {
            Self::Rustfmt => "form with rustfmt",
            Self::Packages => "what must be absent from which package",
            Self::Actionlint => "workflows with actionlint",
            Self::Zizmor => "workflows and actions with zizmor",
            Self::Shellcheck => "scripts with shellcheck",
            Self::Hadolint => "Dockerfiles with hadolint",
            Self::Dependencies => "licences, sources and duplicates with cargo-deny",
            Self::Clippy => "the code with clippy",
            Self::ClippyTools => "the programs that are built on demand with clippy",
            Self::Advisories => "what is known of the dependencies with cargo-deny",
        }
    }
}

fn rustfmt(project: &Project) -> Result<()> {
    let shell = project.shell()?;
    cmd::run(cmd!(shell, "cargo fmt --all --check"), "find the code formatted: run `cargo fmt --all`")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn lint(checks: &[Check], advisory_db: Option<&str>) -> Lint {
        Lint { checks: checks.to_vec(), advisory_db: advisory_db.map(str::to_owned) }
    }

    #[test]
    fn only_a_database_that_nobody_asked_for_may_be_out_of_reach() {
        let out_of_reach = anyhow!("no such host").context(dependencies::OutOfReach);
        assert!(lint(&[], None).may_skip(&out_of_reach));
        assert!(!lint(&[Check::Advisories], None).may_skip(&out_of_reach));
        assert!(!lint(&[], Some("a/copy")).may_skip(&out_of_reach));
        assert!(!lint(&[], None).may_skip(&anyhow!("a faulty package")));
    }
}
