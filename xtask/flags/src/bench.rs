//! `bench` as data.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// Measure what ships: times, memory, what holds under load
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench                      all but `cold`
  cargo xtask bench component --check    fail where a bound of xtask/bench.toml does not hold
  cargo xtask bench gateway --json       the same for machines, with the revision and the machine
  cargo xtask bench --write              docs/performance.md and its plots, measured now

What is compared takes turns within one run, so that whatever else the machine does falls on both.
Prints a line for each measurement: name, value, unit, and what else is known of it. Of many runs
the value is the median.")]
pub struct Bench {
    /// What to measure [default: all but `cold`]
    #[arg(value_enum, value_name = "SUBJECT")]
    pub subjects: Vec<Subject>,
    /// Fail where a bound does not hold
    #[arg(long)]
    pub check: bool,
    /// Put what was measured into docs/performance.json, and draw docs/performance.md from that
    #[arg(long)]
    pub write: bool,
    /// Print JSON on stdout instead of lines
    #[arg(long)]
    pub json: bool,
}

/// What `bench` knows to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The component in wasmtime: its start beside hello world's, and what a turn takes in the guest
    Component,
    /// The released `weft`: its size and start, and what its gateway adds to asking the provider
    Gateway,
    /// The commands that build: in a new clone, with nothing changed, and after a change
    Commands,
    /// The commands that build, with nothing kept on this machine; takes a quarter of an hour
    Cold,
}

impl Subject {
    /// What is measured unless something is asked for.
    pub const USUAL: [Self; 3] = [Self::Component, Self::Gateway, Self::Commands];
}
