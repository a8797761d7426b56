//! `fuzz` as data.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::values::name;

/// Feed what reads foreign bytes with what nobody thought of
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask fuzz                      everything, a minute each
  cargo xtask fuzz sse --seconds 3600   one target for an hour
  cargo xtask fuzz sse --input FILE     one input again, such as one that was a crash

Targets assert what must hold for any bytes: no panic, no key in an error, the same result however
a response is split. Seeds are in xtask/fuzz/seeds; what is found beyond them is kept in the cache,
and the next run begins with it.")]
pub struct Fuzz {
    /// What to fuzz [default: everything]
    #[arg(value_enum, value_name = "TARGET")]
    pub targets: Vec<FuzzTarget>,
    /// How long each target is fuzzed
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// How many targets are fuzzed at once [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Run one target on this input alone, with all that it says
    #[arg(long, value_name = "FILE", requires = "targets", conflicts_with_all = ["seconds", "jobs"])]
    pub input: Option<PathBuf>,
}

/// The functions of `xtask/fuzz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FuzzTarget {
    /// A streamed answer, in the dialects of all providers
    Sse,
    /// An answer in one piece of a server that speaks chat completions, with status and headers
    Openai,
    /// The same of Anthropic
    Anthropic,
    /// Any JSON text, with serde_json as the judge
    Json,
    /// A configuration file
    Config,
    /// The user's message
    Input,
    /// A session file
    Session,
    /// A URL and a header's value, as they are checked before anything is sent
    Url,
}

impl FuzzTarget {
    /// Returns its name on the command line, in `xtask/fuzz` and as a directory.
    pub fn name(self) -> String {
        name(self)
    }
}
