//! `ci` and `test` as data, and the steps that both are made of.

use clap::{Args, ValueEnum};

/// How long `ci` fuzzes each target unless it is told, in seconds.
pub(crate) const FUZZ_SECONDS: u64 = 15;

/// Everything that a change must pass, with one table in the end: what `.ci/run` and a release run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask ci                      all of it; ends with the first step that fails
  cargo xtask ci --keep-going         all of it, whatever fails
  cargo xtask ci --from weft          what is left, once a mistake is mended
  cargo xtask ci --only lint --only unit --verbose

What a step prints is in target/ci/STEP.log; that of the first one that failed is shown in the end.
What passed for a clean commit is noted in target/ci/passed.json, and `cargo xtask release` does not
run it again. The step `engine` starts Docker's engine and ends it, unless one answers; that takes
root on Linux.")]
pub(crate) struct Ci {
    /// Go on after a step that fails
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Show what the steps print as it comes
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Take this step, given once or more, and no other
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "from")]
    pub(crate) only: Vec<Step>,
    /// Begin with this step
    #[arg(long, value_enum, value_name = "STEP", hide_possible_values = true)]
    pub(crate) from: Option<Step>,
    /// Leave this step out, given once or more
    #[arg(long, value_enum, value_name = "STEP", hide_possible_values = true)]
    pub(crate) skip: Vec<Step>,
    /// How long each target is fuzzed
    #[arg(long, value_name = "N", default_value_t = FUZZ_SECONDS, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) fuzz_seconds: u64,
}

/// Run every test: unit and property tests, the command line, the shipped artifacts, coverage, a moment of fuzzing
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask test             all of it; `cargo xtask ci` is these steps and more
  cargo xtask test --quick     without artifacts, coverage and fuzzer: seconds after a change")]
pub(crate) struct Test {
    /// Leave out what needs the built artifacts or the fuzzer
    #[arg(long)]
    pub(crate) quick: bool,
    /// Go on after a step that fails
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Show what the steps print as it comes
    #[arg(long)]
    pub(crate) verbose: bool,
}

/// The steps of `ci`, in their order: what is cheapest to hear of comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Step {
    /// Form, and what must be absent from where
    Lint,
    /// Unit, property and command-line tests
    Unit,
    /// The component and the module, within their sizes
    Wasm,
    /// The component in wasmtime, on every release
    Wasmtime,
    /// The component in a host of ours
    Host,
    /// The module on WAMR
    Wamr,
    /// The native binaries and their archives, within their sizes
    Dist,
    /// The images, within their sizes
    Images,
    /// The released `weft`
    Weft,
    /// The page about sizes, in a browser
    Page,
    /// What a turn takes in the component, within its bounds
    ComponentBench,
    /// The gateway's times and memory, within their bounds
    GatewayBench,
    /// The lines that tests run, above their floors
    Coverage,
    /// The fuzzer, on every target
    Fuzz,
    /// The artifacts made again elsewhere, byte for byte
    Reproducible,
    /// The images pushed, pulled and run by Docker's engine
    Engine,
}
