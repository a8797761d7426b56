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

use anyhow::{Result, ensure};
use clap::ValueEnum as _;
use xshell::cmd;

use crate::{
    cli::{Check, Lint},
    cmd,
    project::Project,
    ui,
};

impl Lint {
    /// # Errors
    ///
    /// Counts the checks that failed, after what each of them found.
    pub(crate) fn run(self, project: &Project) -> Result<()> {
        let checks = if self.checks.is_empty() { usual() } else { self.checks };
        let database = self.advisory_db.as_deref();
        let mut failed = Vec::new();
        for check in &checks {
            ui::status("Checking", check.subject());
            if let Err(error) = check.run(project, database) {
                ui::failure("Failed", &format!("{}: {error:#}", check.name()));
                failed.push(check.name());
            }
        }
        ensure!(
            failed.is_empty(),
            "{} of {} checks failed: run `cargo xtask lint {}` again once what they found is mended",
            failed.len(),
            checks.len(),
            failed.join(" ")
        );
        Ok(())
    }
}

/// What is checked where nobody says what: all whose result depends on the checkout alone.
fn usual() -> Vec<Check> {
    Check::value_variants().iter().copied().filter(|check| *check != Check::Advisories).collect()
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
    use super::*;

    #[test]
    fn what_changes_with_the_day_is_asked_for_by_name() {
        let usual = usual();
        assert_eq!(usual.len() + 1, Check::value_variants().len());
        assert!(!usual.contains(&Check::Advisories));
    }
}
