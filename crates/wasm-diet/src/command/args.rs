//! The definition of the command line as data. `--help` is made from these texts.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum, ValueHint};
use wasm_diet::{engine::Assumption, features, shrink::Metric};

use super::help::{AFTER_HELP, CHECK_HELP, DIFF_HELP, REPORT_HELP, SIZE_HELP, shrink_help};

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
#[command(after_help = shrink_help(cfg!(feature = "binaryen")))]
#[command(group(ArgGroup::new("target").required(true).args(["output", "in_place"])))]
pub(crate) struct Shrink {
    /// The component or core module; `-` for standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The file to write, atomically; `-` for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Replace the input by the result
    #[arg(long)]
    pub(crate) in_place: bool,
    /// A wasm-opt to use in place of the built-in Binaryen, or `none` [env: WASM_OPT]
    #[arg(long, value_name = "PATH")]
    pub(crate) engine: Option<PathBuf>,
    /// A WebAssembly feature that the result may need although the input does not, such as `simd`; repeatable
    #[arg(long, value_name = "FEATURE", value_parser = features::named)]
    pub(crate) allow: Vec<String>,
    /// The size that must not grow
    #[arg(long, value_enum, default_value_t = MetricName::Raw)]
    pub(crate) metric: MetricName,
    /// A custom section to keep; a `*` at the end stands for any text; repeatable
    #[arg(long, value_name = "SECTION")]
    pub(crate) keep: Vec<String>,
    /// A custom section to drop; a `*` at the end stands for any text; repeatable
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
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print no progress, and with `-o -` no summary; warnings and errors stay
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
#[command(after_help = DIFF_HELP)]
pub(crate) struct Diff {
    /// The file before the change; `-` for standard input, for one of the two
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub(crate) before: PathBuf,
    /// The file after the change, or `-`
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
#[command(after_help = REPORT_HELP)]
pub(crate) struct Report {
    /// The component or core module; `-` for standard input
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The page to write, atomically; `-` for standard output
    #[arg(long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) html: PathBuf,
    /// A former version of the file, to compare with; `-` for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) base: Option<PathBuf>,
}

/// Compares files with a size budget
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct Check {
    /// The files, of any kind; `-` for standard input, whose row is `-`
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// The budget
    #[arg(long, value_name = "FILE", default_value = size_budget::FILE, value_hint = ValueHint::FilePath)]
    pub(crate) budget: PathBuf,
    /// Fail also if the budget has a row that is for none of these files
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
    /// The bytes of the file, and those after `gzip -9`
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
        // The document tells of the builds that releases have. `mut_subcommand` would put the command last.
        let mut command = Diet::command();
        for shrink in command
            .get_subcommands_mut()
            .filter(|it| it.get_name() == "shrink")
        {
            *shrink = shrink.clone().after_help(shrink_help(true));
        }
        command_docs::check_reference(&command, &root).unwrap().unwrap();
    }
}
