//! The flags of `ci`, `test`, `fix` and `ready`, and the steps that these commands run.

use clap::{Args, ValueEnum};

use crate::values::name;

/// The seconds that `ci --full` fuzzes each target by default.
pub const FUZZ_SECONDS: u64 = 15;

/// Run the steps that a change must pass, or with `--full` those that a release must pass
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask ci                      the steps of `cargo xtask test`; ends with the first failure
  cargo xtask ci --keep-going         go on after a failure
  cargo xtask ci --resume             leave out the steps that have passed for this commit
  cargo xtask ci --from weft          this step and those after it
  cargo xtask ci --only lint --only unit --verbose
  cargo xtask ci --full               also the long steps: nightly, and before a release
  cargo xtask ci --jobs 1             one step at a time

A step begins when the steps whose files it uses have ended; the long ones run alone.

The output of a step is in target/ci/STEP.log; that of the first failed step is shown at the end.
Steps that passed for a clean commit are recorded in target/ci/passed.json; `--resume` and
`cargo xtask release` do not run them again. The step `engine` starts Docker's engine and ends it,
unless one answers; that takes root on Linux.")]
pub struct Ci {
    /// Run the long steps too
    #[arg(long)]
    pub full: bool,
    /// Leave out the steps that have passed for this commit
    #[arg(long)]
    pub resume: bool,
    /// Run only this step; may be given several times
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "from")]
    pub only: Vec<Step>,
    /// Begin with this step
    #[arg(long, value_enum, value_name = "STEP", hide_possible_values = true)]
    pub from: Option<Step>,
    /// Leave this step out; may be given several times
    #[arg(long, value_enum, value_name = "STEP", hide_possible_values = true)]
    pub skip: Vec<Step>,
    /// Seconds to fuzz each target [default: 2, with --full 15]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub fuzz_seconds: Option<u64>,
    /// Flags about the output.
    #[command(flatten)]
    pub output: Output,
}

/// Run every test that a change must pass: lint, unit tests, and the built artifacts in real runtimes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask test               everything that CI runs for a change
  cargo xtask test --quick       unit tests and those of command lines, in half a minute
  cargo xtask test --changed     the tests of the packages that differ from main, and of those that use them
  cargo xtask test session       unit tests and end-to-end cases whose name contains `session`

With --quick, TEXT chooses among unit tests only. Cases on images need an engine: those run with
`cargo xtask smoke docker TEXT`.")]
pub struct Test {
    /// Run only the tests and end-to-end cases whose name contains this text
    #[arg(value_name = "TEXT")]
    pub text: Option<String>,
    /// Run only the unit tests and those of command lines, in half a minute
    #[arg(long)]
    pub quick: bool,
    /// Test only the packages that differ from the base, and those that depend on them
    #[arg(long, conflicts_with = "quick")]
    pub changed: bool,
    /// The revision to compare with, for --changed [default: origin/main, else main]
    #[arg(long, value_name = "REVISION", requires = "changed")]
    pub base: Option<String>,
    /// Flags about the output.
    #[command(flatten)]
    pub output: Output,
}

/// Flags of commands that run steps.
#[derive(Debug, Args)]
pub struct Output {
    /// Go on after a step that fails
    #[arg(long)]
    pub keep_going: bool,
    /// Run at most this many steps at once [default: the number of processors, at most 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Show the output of the steps as it comes, and run one at a time
    #[arg(long, conflicts_with = "jobs")]
    pub verbose: bool,
    /// Print the results as JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Format the code and apply clippy's suggestions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask fix    cargo fmt, then cargo clippy --fix, then cargo fmt again

Works on uncommitted changes too; `git diff` shows the result.")]
pub struct Fix {}

/// Check a change before it is sent: lint, and the tests of the packages that it touches
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask ready                  compare with origin/main, or main where there is none
  cargo xtask ready --base HEAD~3    compare with another revision

Runs `lint` and `test --changed`. CI runs `cargo xtask test`.")]
pub struct Ready {
    /// The revision to compare with [default: origin/main, else main]
    #[arg(long, value_name = "REVISION")]
    pub base: Option<String>,
    /// Flags about the output.
    #[command(flatten)]
    pub output: Output,
}

/// The steps, in the order in which they begin: those that others wait for, or that take long, come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Step {
    /// Format, lints, and forbidden dependencies
    Lint,
    /// Unit, property and command-line tests
    Unit,
    /// The component and the module, within their sizes
    Wasm,
    /// The binaries for Linux and their archives, within their sizes
    Dist,
    /// The images, within their sizes
    Images,
    /// The images pushed, pulled and run by Docker's engine
    Engine,
    /// The component in the newest wasmtime
    Wasmtime,
    /// The component in a host that embeds it
    Host,
    /// The module on WAMR
    Wamr,
    /// The served components on hosts of `wasi:http`
    Serve,
    /// The released `weft`
    Weft,
    /// Replicas of the gateway on Postgres, killed for some seconds
    Replicas,
    /// The quickest clients of the gateway
    Clients,
    /// `wasm-diet` on files of many kinds
    Diet,
    /// The size report, in a browser
    Page,
    /// The fuzz targets
    Fuzz,
    /// Full tier: the component in every supported release of wasmtime
    Releases,
    /// Full tier: the served components on hosts that take minutes to compile
    Hosts,
    /// Full tier: `wasm-diet` on files of other toolchains
    Corpus,
    /// Full tier: the binaries of all systems and their archives, within their sizes
    Platforms,
    /// Full tier: the release as users install it, and `weft.exe` in wine
    Install,
    /// Full tier: 2,000 turns while replicas are killed and Postgres is restarted
    Crash,
    /// Full tier: all clients of the gateway
    AllClients,
    /// Full tier: all cases of wasm-diet, also the action where there is no release
    AllDiet,
    /// Full tier: the time of a turn in the component, within its bounds
    ComponentBench,
    /// Full tier: the gateway's times and memory, within their bounds
    GatewayBench,
    /// Full tier: wasm-diet beside `jco opt`, within its bounds
    DietBench,
    /// Full tier: the served components' times and memory, within their bounds
    ServeBench,
    /// Full tier: the share of lines that tests run, above its floors
    Coverage,
    /// Full tier: the artifacts built again elsewhere, byte for byte
    Reproducible,
    /// Full tier: the images as the Dockerfile alone compiles them, byte for byte
    Dockerfile,
    /// Full tier: the share of mutants that tests catch, above its floors
    Mutants,
}

impl Step {
    /// Returns the name on the command line and in the table.
    pub fn name(self) -> String {
        name(self)
    }

    /// Returns whether the step needs Docker's engine.
    pub fn needs_engine(self) -> bool {
        matches!(self, Self::Engine | Self::Dockerfile)
    }

    /// Returns the steps whose files this one uses.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Images | Self::Weft | Self::Replicas | Self::Clients => &[Self::Dist],
            Self::Engine => &[Self::Wasm, Self::Images],
            Self::Wasmtime | Self::Host | Self::Wamr | Self::Serve | Self::Diet | Self::Page => &[Self::Wasm],
            _ => &[],
        }
    }

    /// Returns whether one of the two steps disturbs the other, so that they must not run at the same time. Docker's
    /// engine makes networks and removes them, and a browser gives up its requests, also on loopback, when a network
    /// of the machine changes.
    pub fn disturbs(self, other: Self) -> bool {
        let has_browser = |step| matches!(step, Self::Weft | Self::Host);
        (self.needs_engine() && has_browser(other)) || (has_browser(self) && other.needs_engine())
    }

    /// Returns whether nothing else may run beside the step: it measures, or it takes all of the machine.
    pub fn runs_alone(self) -> bool {
        self.is_long()
    }

    /// Returns whether the step runs with `--full` only.
    pub fn is_long(self) -> bool {
        self >= Self::Releases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_marks_exactly_the_long_steps() {
        for step in Step::value_variants() {
            let value = step.to_possible_value().unwrap();
            let marked = value
                .get_help()
                .is_some_and(|help| help.to_string().starts_with("Full tier: "));
            assert_eq!(marked, step.is_long(), "{}", step.name());
        }
    }
}
