//! `bench` as data.

use clap::{Args, ValueEnum};

/// Measure what ships: times, memory, what holds under load
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench gateway            weft and its gateway, beside the provider asked directly
  cargo xtask bench gateway --check    fail where a bound of xtask/bench.toml does not hold
  cargo xtask bench gateway --json     the same for machines, with the revision

Both ways of asking take turns within one run, so that whatever else the machine does falls on both.")]
pub(crate) struct Bench {
    /// What to measure
    #[arg(value_enum)]
    pub(crate) subject: Subject,
    /// Fail where a bound does not hold
    #[arg(long)]
    pub(crate) check: bool,
    /// Print JSON on stdout instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `bench` knows to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// The released `weft`: its size and start, and what its gateway adds to asking the provider
    Gateway,
}
