//! The flags of `lint`.

use clap::{Args, ValueEnum};

use crate::values::name;

/// Check the code, workflows, scripts and dependencies, and the packages that an artifact may not contain
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask lint                      everything
  cargo xtask lint zizmor shellcheck    these two
  cargo xtask lint advisories           known vulnerabilities of the dependencies
  cargo xtask lint --json               the result of each check, with its error message

The first run compiles cargo-deny, which takes some minutes. `advisories` fetches RustSec's
database with git. If GitHub cannot be reached, --advisory-db names a copy; without one the check
is skipped with a warning, or fails if it was named on the command line.")]
pub struct Lint {
    /// The checks to run [default: all]
    #[arg(value_enum, value_name = "CHECK")]
    pub checks: Vec<Check>,
    /// Another repository with RustSec's database on its branch `main`: a directory or a git URL
    #[arg(
        long,
        value_name = "REPOSITORY",
        env = "CLAWFT_ADVISORY_DB",
        hide_env_values = true
    )]
    pub advisory_db: Option<String>,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// The checks, the quickest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// The format of the code
    Rustfmt,
    /// Packages that an artifact may not contain
    Packages,
    /// Mistakes in workflows
    Actionlint,
    /// Parts of workflows and actions that an attacker could misuse
    Zizmor,
    /// Mistakes in shell scripts
    Shellcheck,
    /// Mistakes in Dockerfiles
    Hadolint,
    /// Licences, sources and duplicates of the dependencies, with cargo-deny
    Dependencies,
    /// Jobs of the workflows and their commands, as act runs them with stubs in place of all programs
    WorkflowRuns,
    /// Mistakes in the code, with every warning an error
    Clippy,
    /// Mistakes in the programs that are built on demand; the first run compiles their dependencies
    ClippyTools,
    /// Broken links and other mistakes in doc comments, with rustdoc
    Docs,
    /// Known vulnerabilities of the dependencies, with cargo-deny
    Advisories,
}

impl Check {
    /// Returns its name on the command line.
    pub fn name(self) -> String {
        name(self)
    }
}
