//! The flags of `mutants`.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use crate::values::name;

/// Change the code in many small ways, and find the changes that no test notices
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask mutants                        types, core and store, against xtask/data/mutants.toml
  cargo xtask mutants clawft-types           one package
  cargo xtask mutants --diff origin/main     lines changed since the merge base, also in weft

Each mutant is tested with the tests of its own package, in a copy of the checkout in the cache. A
mutant that no test notices fails the command unless xtask/data/mutants.toml lists it with a reason,
and so does a listed one that the tests notice. The logs are in target/xtask/mutants.
The first run compiles cargo-mutants, which takes some minutes; a package takes about ten.")]
pub struct Mutants {
    /// The packages [default: those with a floor; with --diff, all of them]
    #[arg(value_enum, value_name = "PACKAGE")]
    pub packages: Vec<MutantsPackage>,
    /// Only mutants in lines that the working tree has changed since its merge base with BASE
    #[arg(long, value_name = "BASE")]
    pub diff: Option<String>,
    /// The number of mutants to test at once
    #[arg(long, value_name = "N", default_value = "2")]
    pub jobs: NonZeroUsize,
    /// Print JSON on stdout instead of the table
    #[arg(long)]
    pub json: bool,
}

/// The packages that are mutated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MutantsPackage {
    /// Configuration, messages, answers, and the JSON reader
    #[value(name = "clawft-types")]
    Types,
    /// A turn of the agent
    #[value(name = "clawft-core")]
    Core,
    /// Files and sessions
    #[value(name = "clawft-store")]
    Store,
    /// The agent on network and files of this machine; with --diff only
    #[value(name = "weft-agent")]
    WeftAgent,
    /// The HTTP server; with --diff only
    #[value(name = "weft-gateway")]
    WeftGateway,
    /// The native command; with --diff only
    #[value(name = "weft")]
    Weft,
}

impl MutantsPackage {
    /// Returns its name in `Cargo.toml`.
    pub fn name(self) -> String {
        name(self)
    }
}
