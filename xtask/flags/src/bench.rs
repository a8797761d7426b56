//! The flags of `bench`.

use clap::{Args, ValueEnum};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::values::name;

/// Measure the shipped artifacts: times, memory, behaviour under load
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench                      all but `cold` and `diet`
  cargo xtask bench component --check    fail above a bound in xtask/data/bench.toml
  cargo xtask bench gateway --peers      the gateway beside nginx and LiteLLM
  cargo xtask bench serve                the served components in wasmtime, for WASI 0.2 and 0.3
  cargo xtask bench gateway --json       results as JSON, with the revision and the machine
  cargo xtask bench diet                 compare wasm-diet with other programs
  cargo xtask bench --write              measure, and write docs/performance.md and its charts

Programs that are compared take turns within one run, so that other load on the machine affects
both. Prints a line for each measurement: name, value, unit and details. The value is the median of
all runs.")]
pub struct Bench {
    /// The subjects to measure [default: all but `cold` and `diet`]
    #[arg(value_enum, value_name = "SUBJECT")]
    pub subjects: Vec<Subject>,
    /// Measure the gateway beside nginx and LiteLLM: the same as the subject `peers`
    #[arg(long)]
    pub peers: bool,
    /// Fail if a measurement exceeds its bound
    #[arg(long)]
    pub check: bool,
    /// Write the measurements to docs/performance.json, and draw docs/performance.md from them
    #[arg(long)]
    pub write: bool,
    /// Print JSON on stdout instead of lines
    #[arg(long)]
    pub json: bool,
}

/// The subjects that `bench` can measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Subject {
    /// The component in wasmtime: its start compared with hello world, and the parts of a turn in the guest
    Component,
    /// The released `weft`: its size and start, and the time that its gateway adds to the provider
    Gateway,
    /// The served components in `wasmtime serve`, for WASI 0.2 and 0.3, in front of the same provider
    Serve,
    /// The commands that build: in a new clone, with nothing changed, and after a change
    Commands,
    /// The gateway beside nginx and LiteLLM; takes some minutes
    Peers,
    /// The commands that build, with an empty cache; takes a quarter of an hour
    Cold,
    /// `wasm-diet` beside `jco opt` and `wasm-tools strip`, on components of other toolchains
    Diet,
}

impl Subject {
    /// The subjects that are measured by default.
    pub const USUAL: [Self; 4] = [Self::Component, Self::Gateway, Self::Serve, Self::Commands];
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&name(*self))
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_str(&text, false).map_err(|_| D::Error::custom(format_args!("unknown subject `{text}`")))
    }
}
