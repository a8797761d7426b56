//! The command line as data: what can be asked for, and the words of `--help`. What is done about it is elsewhere. A command
//! with many words has a file of its own. Whatever a flag can be set to is in [`values`].

mod bench;
mod ci;
mod dist;
mod lint;
mod mutants;
mod release;
mod size;
mod smoke;
pub(crate) mod values;

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use flags::Docker;

pub(crate) use self::{
    bench::{Bench, Subject},
    ci::{Ci, FUZZ_SECONDS, Fix, Output, Ready, Step, Test},
    dist::Dist,
    lint::{Check, Lint},
    mutants::{Mutants, MutantsPackage},
    release::{Release, Stage},
    size::{Size, SizeCommand},
    smoke::{Runtime, Smoke},
};

/// Builds, shrinks, checks and releases clawft.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Every command, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Setup(Setup),
    Wasm(Wasm),
    Dist(Dist),
    Docker(Docker),
    Release(Release),
    Size(Size),
    Smoke(Smoke),
    Tool(Tool),
    Lint(Lint),
    Bench(Bench),
    Fuzz(Fuzz),
    Coverage(Coverage),
    Mutants(Mutants),
    Fix(Fix),
    Ready(Ready),
    Test(Test),
    Ci(Ci),
}

/// Make this machine able to build: Rust targets, std's source, and the tools that commands run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask setup            install what is missing, one line an item
  cargo xtask setup --check    change nothing; exit with 1 if something is missing
  cargo xtask setup --all      also what a single command needs: a linker, a browser, an emulator

Every other command sets up what it needs by itself, so this one is for looking and for doing it ahead of time.")]
pub(crate) struct Setup {
    /// Everything that any command may need, and not what most work takes alone
    #[arg(long)]
    pub(crate) all: bool,
    /// Change nothing; exit with 1 if something is missing, and say how to get it
    #[arg(long)]
    pub(crate) check: bool,
}

/// Build, shrink, validate and measure the component and the wasip1 module
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask wasm --check-size           both artifacts, held against size-budget.toml
  cargo xtask wasm --target wasip2        the component alone
  cargo xtask wasm --http client          strategy A, to compare; lands in target/dist/http-client/

Writes target/dist/{clawft.wasm, clawft.wasm.gz, clawft-wasip1.wasm, size.json}.")]
pub(crate) struct Wasm {
    /// Fail when an artifact is over its budget, has no row in size-budget.toml, or a row has no artifact
    #[arg(long)]
    pub(crate) check_size: bool,
    /// What to build
    #[arg(long, value_enum, default_value_t = WasmTargets::All)]
    pub(crate) target: WasmTargets,
    /// The HTTP back end: raw `wasi:http` bindings (what ships) or the `wasi-http-client` crate
    #[arg(long, value_enum, default_value_t = HttpBackend::Raw)]
    pub(crate) http: HttpBackend,
    /// The budget file to hold the artifacts against [default: the project's size-budget.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) budget: Option<PathBuf>,
    /// Fail if Cargo.lock would have to change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Print size.json on stdout instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which artifacts `wasm` builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WasmTargets {
    /// The component for wasmtime and every other host of WASI preview 2
    Wasip2,
    /// The core module for WAMR and every other host of WASI preview 1
    Wasip1,
    /// Both
    All,
}

/// How the component reaches the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HttpBackend {
    /// Strategy B, raw bindings: what ships
    Raw,
    /// Strategy A, the `wasi-http-client` crate
    Client,
}

/// Run one of the pinned tools, as it is
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask tool wasmtime run -S http --dir DIR::/config target/dist/clawft.wasm
  cargo xtask tool wasm-tools component wit target/dist/clawft.wasm

Stands where you stand; standard streams and exit code are the tool's own.")]
pub(crate) struct Tool {
    /// The tool
    #[arg(value_enum)]
    pub(crate) tool: values::Tool,
    /// What to tell it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

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
pub(crate) struct Fuzz {
    /// What to fuzz [default: everything]
    #[arg(value_enum, value_name = "TARGET")]
    pub(crate) targets: Vec<FuzzTarget>,
    /// How long each target is fuzzed
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// How many targets are fuzzed at once [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Run one target on this input alone, with all that it says
    #[arg(long, value_name = "FILE", requires = "targets", conflicts_with_all = ["seconds", "jobs"])]
    pub(crate) input: Option<PathBuf>,
}

/// The functions of `xtask/fuzz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FuzzTarget {
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

/// Measure which lines the tests run, against the floors in xtask/coverage.toml
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask coverage            the table; fails below a floor, and names the lines
  cargo xtask coverage --lines    the lines that no test runs, of every group

The first run compiles cargo-tarpaulin, which takes some minutes. Native tests are measured; what
runs in a WebAssembly runtime only is listed as not measured.")]
pub(crate) struct Coverage {
    /// Name the lines that no test runs, also of groups above their floor
    #[arg(long)]
    pub(crate) lines: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use devkit::project::Project;

    #[test]
    fn documents_show_the_commands_and_options_that_there_are() {
        let documents = command_docs::documents(&Project::discover().unwrap().root).unwrap();
        let found = command_docs::disagreements(&Cli::command(), &documents).unwrap();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
