//! `lint` as data.

use clap::{Args, ValueEnum};

use crate::values::name;

/// Check form and invariants: code, workflows, scripts, dependencies, what must be absent from where
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask lint                      everything
  cargo xtask lint zizmor shellcheck    these two
  cargo xtask lint advisories           what has become known of the dependencies since

The first run compiles cargo-deny, which takes some minutes. `advisories` fetches RustSec's
database with git. Where GitHub cannot be reached, --advisory-db names a copy; without one it is
skipped with a warning, or fails if it was asked for by name.")]
pub struct Lint {
    /// What to check [default: everything]
    #[arg(value_enum, value_name = "CHECK")]
    pub checks: Vec<Check>,
    /// Another repository with RustSec's database on its branch `main`: a folder, or what else git clones
    #[arg(long, value_name = "REPOSITORY", env = "CLAWFT_ADVISORY_DB", hide_env_values = true)]
    pub advisory_db: Option<String>,
}

/// The checks, those first that are soonest done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// The code's form
    Rustfmt,
    /// What must be absent from which package
    Packages,
    /// Mistakes in workflows
    Actionlint,
    /// What in workflows and actions others could misuse
    Zizmor,
    /// Mistakes in shell scripts
    Shellcheck,
    /// Mistakes in Dockerfiles
    Hadolint,
    /// Licences, sources and duplicates of the dependencies, with cargo-deny
    Dependencies,
    /// Mistakes in the code, with every warning an error
    Clippy,
    /// The same in the programs that are built on demand; once for a machine it waits for what they are made of
    ClippyTools,
    /// What has become known of the dependencies' faults, with cargo-deny
    Advisories,
}

impl Check {
    /// Returns its name on the command line.
    pub fn name(self) -> String {
        name(self)
    }
}
