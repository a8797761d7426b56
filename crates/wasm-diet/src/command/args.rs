//! The definition of the command line as data. `--help` is made from these texts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use wasm_diet::{engine::Assumption, shrink::Metric};

/// The last part of `wasm-diet --help`.
const AFTER_HELP: &str = "\
Examples:
  wasm-diet shrink app.wasm -o app.min.wasm
  wasm-diet shrink --in-place --metric gzip app.wasm
  wasm-diet size app.wasm
  wasm-diet diff before.wasm after.wasm
  wasm-diet report app.wasm --html report.html
  wasm-diet check --budget size-budget.toml app.wasm
  curl -s https://example.com/app.wasm | wasm-diet shrink - -o - > app.min.wasm

Exit codes:
  0  success
  1  failure, or something that --strict does not permit
  2  invalid command line";

/// The last part of `wasm-diet shrink --help`.
const SHRINK_HELP: &str = "\
What is done to a file:
  1. It is checked: a damaged file, an object or another format is refused.
  2. Each core module, at any depth, goes through the passes of Binaryen's -Oz, with exactly
     the WebAssembly features that the module needs. A module that cannot be read, that would
     take very long, that would grow or that would need another feature stays as it is.
  3. Custom sections are dropped: names, producers, target_features, debug information; hints,
     source maps, relocations and signatures, which no longer fit. Licences, interfaces,
     dylink.0 and unknown sections stay.
  4. Everything else is copied byte for byte, compared with the original and validated.

The passes are those of -Oz. With --thorough a second result is made with --flatten and --rereloop
first, large functions not inlined, and -Oz twice; the smaller one is taken.

Passes that change the behaviour of a correct program are never used: --low-memory-unused and
--traps-never-happen are assumptions that only you can make.

Engines:
  Binaryen 116 is compiled in, and started again for each module, so that a crash costs one
  module. Another wasm-opt is used only if --engine or the variable WASM_OPT names it;
  `--engine none` only drops custom sections.

Examples:
  wasm-diet shrink app.wasm -o app.min.wasm
  wasm-diet shrink app.wasm -o app.min.wasm --json --strict
  wasm-diet shrink --in-place --keep name app.wasm
  wasm-diet shrink --engine node_modules/.bin/wasm-opt app.wasm -o app.min.wasm";

/// The last part of `wasm-diet size --help`.
const SIZE_HELP: &str = "\
Every byte of the file belongs to one part, and so does every bit of its gzip form, so each list
adds up to the file. The owner of a function is the crate, package or namespace in its name; a
name of C contains none. Functions without names are one part: keep the names, and look at the
file before it is stripped.

Examples:
  wasm-diet size app.wasm
  wasm-diet size -n 50 app.wasm
  wasm-diet size --json app.wasm > size.json";

/// The last part of `wasm-diet check --help`.
const CHECK_HELP: &str = "\
A budget has a row for each file: `limit` is a promise, `ratchet` the size that was reached, and
`growth`, which may be left out, how far a build may exceed that. A size is a number with a unit:
B, KB (1,000 bytes), KiB (1,024), MB, MiB.

  [artifact.\"app.wasm\"]
  raw = { limit = \"150 KB\", ratchet = \"139_318 B\", growth = \"1 KB\" }
  gzip = { limit = \"60 KB\", ratchet = \"54_051 B\" }

Exit codes:
  0  every file is within its budget
  1  one is not, or has no row";

/// Shrinks and explains WebAssembly components and core modules.
#[derive(Debug, Parser)]
#[command(name = "wasm-diet", version, after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 100)]
#[command(arg_required_else_help = true)]
pub(crate) struct Diet {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Shrink(Shrink),
    Size(Size),
    Diff(Diff),
    Report(Report),
    Check(Check),
}

/// Makes a smaller file that does the same
#[derive(Debug, Args)]
#[command(after_help = SHRINK_HELP)]
pub(crate) struct Shrink {
    /// The component or core module; `-` for standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The file to write, atomically; `-` for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath, required_unless_present = "in_place")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the input by the result
    #[arg(long, conflicts_with = "output")]
    pub(crate) in_place: bool,
    /// A wasm-opt to use in place of the Binaryen that is compiled in, or `none` [env: WASM_OPT]
    #[arg(long, value_name = "PATH")]
    pub(crate) engine: Option<PathBuf>,
    /// A WebAssembly feature that the result may need although the input does not, such as `simd`; repeatable
    #[arg(long, value_name = "FEATURE")]
    pub(crate) allow: Vec<String>,
    /// The size that must not grow
    #[arg(long, value_enum, default_value_t = MetricName::Raw)]
    pub(crate) metric: MetricName,
    /// A custom section to keep; a `*` at the end stands for any text; repeatable
    #[arg(long, value_name = "SECTION")]
    pub(crate) keep: Vec<String>,
    /// A custom section to drop; repeatable
    #[arg(long, value_name = "SECTION")]
    pub(crate) drop: Vec<String>,
    /// Exit with 1 if a module stays as it is because it cannot be optimised or would grow
    #[arg(long)]
    pub(crate) strict: bool,
    /// Try more passes too, and take the smaller result; this takes four times as long
    #[arg(long, conflicts_with_all = ["engine", "low_memory_unused", "traps_never_happen"])]
    pub(crate) thorough: bool,
    /// Try also modules for which Binaryen takes very long, such as large programs of Go
    #[arg(long)]
    pub(crate) no_limit: bool,
    /// Assume that the program has no data in the first 1,024 bytes of memory
    #[arg(long)]
    pub(crate) low_memory_unused: bool,
    /// Assume that no operator of the program ever traps
    #[arg(long)]
    pub(crate) traps_never_happen: bool,
    /// Print the account as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Shrink {
    /// Returns the assumptions that the user makes.
    pub(crate) fn assumptions(&self) -> Vec<Assumption> {
        let asked = |assumption: &Assumption| match assumption {
            Assumption::LowMemoryUnused => self.low_memory_unused,
            Assumption::TrapsNeverHappen => self.traps_never_happen,
        };
        Assumption::ALL.into_iter().filter(asked).collect()
    }
}

/// Lists modules, purposes, owners and functions with their bytes
#[derive(Debug, Args)]
#[command(after_help = SIZE_HELP)]
pub(crate) struct Size {
    /// The component or core module; `-` for standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The number of lines of each list
    #[arg(short, long, value_name = "N", default_value_t = 15)]
    pub(crate) number: usize,
    /// Print every part as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Compares two files, part by part
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The file before the change; `-` for standard input
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub(crate) before: PathBuf,
    /// The file after the change
    #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
    pub(crate) after: PathBuf,
    /// The number of lines of each list
    #[arg(short, long, value_name = "N", default_value_t = 15)]
    pub(crate) number: usize,
    /// Print every change as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Draws a page with every part of a file, which needs no network
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The component or core module; `-` for standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The page to write, atomically; `-` for standard output
    #[arg(long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) html: PathBuf,
    /// A former version of the file, to compare with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) base: Option<PathBuf>,
}

/// Compares files with a size budget
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct Check {
    /// The files, whose names are the names of rows; files of any kind
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The budget
    #[arg(long, value_name = "FILE", default_value = size_budget::FILE, value_hint = ValueHint::FilePath)]
    pub(crate) budget: PathBuf,
    /// Fail also if the budget has a row for none of these files
    #[arg(long)]
    pub(crate) all: bool,
    /// Print the table as Markdown, for a comment
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Print the sizes and limits as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The size that must not grow, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricName {
    /// The bytes of the file
    Raw,
    /// Those and the bytes of the file after `gzip -9`
    Gzip,
}

impl From<MetricName> for Metric {
    fn from(name: MetricName) -> Self {
        match name {
            MetricName::Raw => Self::Raw,
            MetricName::Gzip => Self::Gzip,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn reference_holds_all_commands() {
        // Read at run time, because a checkout that was moved keeps its compiled tests.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let root = Path::new(&package).join("../..");
        command_docs::check_reference(&Diet::command(), &root)
            .unwrap()
            .unwrap();
    }
}
