//! The flags of `fuzz`.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::values::name;

/// Run the fuzz targets
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask fuzz                      all targets, a minute each
  cargo xtask fuzz sse --seconds 3600   one target for an hour
  cargo xtask fuzz sse --input FILE     one input again, such as that of a crash

Targets assert properties that hold for any bytes: no panic, no key in an error, the same result
however a response is split. Seeds are in xtask/fuzz/seeds; further inputs that the fuzzer finds are
kept in the cache for the next run.")]
pub struct Fuzz {
    /// The targets to run [default: all]
    #[arg(value_enum, value_name = "TARGET")]
    pub targets: Vec<FuzzTarget>,
    /// The seconds to fuzz each target
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// The number of targets to fuzz at once [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Run one target on this input only, and show its output
    #[arg(long, value_name = "FILE", requires = "targets", conflicts_with_all = ["seconds", "jobs"])]
    pub input: Option<PathBuf>,
}

/// The fuzz targets in `xtask/fuzz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FuzzTarget {
    /// A streamed answer, in the dialects of all providers
    Sse,
    /// A whole answer of a chat-completions server, with status and headers
    Openai,
    /// A whole answer of Anthropic, with status and headers
    Anthropic,
    /// Any JSON text, compared with serde_json
    Json,
    /// A configuration file
    Config,
    /// The user's message
    Input,
    /// A session file
    Session,
    /// A URL and a header's value, as they are checked before a request
    Url,
    /// Messages of an MCP server
    Mcp,
    /// Calls of the built-in tools
    Tools,
    /// A component or core module that is taken apart and put together again
    Wasm,
}

impl FuzzTarget {
    /// Returns its name on the command line, in `xtask/fuzz` and as a directory.
    pub fn name(self) -> String {
        name(self)
    }
}
