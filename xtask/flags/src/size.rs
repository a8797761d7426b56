//! The flags of `size`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Explain the sizes of the artifacts, compare them with the accepted ones, or accept growth
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  cargo xtask size                            the current sizes and the accepted ones; may fail
  cargo xtask size top -n 30                  the largest functions, and sums to the byte
  cargo xtask size diff HEAD~1                the effect of a change, by crate and function
  cargo xtask size report --html size.html    everything as one page
  cargo xtask size compare                    other stacks, into docs/size.md
  cargo xtask size --accept \"streams answers\" accept the current sizes

Limits are in size-budget.toml. xtask/data/size/ has the accepted sizes of each function, in
baseline.json, and the history of accepted sizes, in history.tsv.")]
pub struct Size {
    /// The report to show instead.
    #[command(subcommand)]
    pub command: Option<SizeCommand>,
    /// Accept the current sizes, and record the reason
    #[arg(long, value_name = "WHY", value_parser = reason)]
    pub accept: Option<String>,
    /// Print JSON on stdout instead of the table
    #[arg(long)]
    pub json: bool,
}

/// The reports of `size`.
#[derive(Debug, Subcommand)]
pub enum SizeCommand {
    /// Show the largest functions as twiggy lists them, and the sizes by kind and crate
    Top {
        /// The number of functions
        #[arg(short, value_name = "N", default_value_t = 20)]
        number: usize,
        /// Print JSON on stdout instead of the tables
        #[arg(long)]
        json: bool,
    },
    /// Show the parts that were added, removed, grown and shrunk
    Diff {
        /// A git revision, a size.json, or a .wasm file with the names of its functions
        base: String,
        /// The number of functions in the tables of each artifact; JSON has all
        #[arg(short, value_name = "N", default_value_t = 30)]
        number: usize,
        /// Also append it to FILE as Markdown, such as the summary of a workflow's job
        #[arg(long, value_name = "FILE")]
        markdown: Option<PathBuf>,
        /// Print JSON on stdout instead of the tables
        #[arg(long)]
        json: bool,
    },
    /// Compare with other stacks and another optimiser; writes the result into docs/size.md
    Compare {
        /// Print JSON on stdout instead of the table
        #[arg(long)]
        json: bool,
    },
    /// Write everything as one page that loads nothing else
    Report {
        /// The file of the page
        #[arg(long, value_name = "FILE")]
        html: PathBuf,
        /// The base to show changes against, as for `diff` [default: the accepted sizes]
        #[arg(long, value_name = "BASE")]
        base: Option<String>,
        /// Test the page in a browser, and keep screenshots in target/acceptance
        #[arg(long)]
        check: bool,
        /// Print the content of the page as JSON on stdout
        #[arg(long)]
        json: bool,
    },
}

/// Parses the reason for growth.
fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("a reason is needed, such as \"streams answers\"".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
