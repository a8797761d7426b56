//! `size` as data.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// See where the bytes are, hold what was reached, or accept growth
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  cargo xtask size                            what is now against what was accepted; may fail
  cargo xtask size top -n 30                  the largest functions, and sums to the last byte
  cargo xtask size diff HEAD~1                what a change did, by crate and function
  cargo xtask size report --html size.html    a page to look at, with everything in it
  cargo xtask size compare                    the same work with other stacks, into docs/size.md
  cargo xtask size --accept \"streams answers\" the sizes as they are now become the ones to hold

What a size is held against is in size-budget.toml; what was accepted last, function by function, in
xtask/size/baseline.json; and every size that was ever accepted in xtask/size/history.tsv.")]
pub struct Size {
    /// What to show instead.
    #[command(subcommand)]
    pub command: Option<SizeCommand>,
    /// Take the sizes as they are now for the ones to hold, and write down why
    #[arg(long, value_name = "WHY", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub accept: Option<String>,
    /// Print JSON on stdout instead of the table
    #[arg(long)]
    pub json: bool,
}

/// What `size` shows.
#[derive(Debug, Subcommand)]
pub enum SizeCommand {
    /// The largest functions as twiggy tells them, and the artifacts by kind and crate
    Top {
        /// How many functions
        #[arg(short, value_name = "N", default_value_t = 20)]
        number: usize,
        /// Print JSON on stdout instead of the tables
        #[arg(long)]
        json: bool,
    },
    /// What was added, removed, grown and shrunk
    Diff {
        /// A git revision, a size.json, or a .wasm file with the names of its functions
        base: String,
        /// How many functions of each artifact the tables list; JSON has all
        #[arg(short, value_name = "N", default_value_t = 30)]
        number: usize,
        /// Also add it to the end of FILE as Markdown, such as the summary of a workflow's job
        #[arg(long, value_name = "FILE")]
        markdown: Option<PathBuf>,
        /// Print JSON on stdout instead of the tables
        #[arg(long)]
        json: bool,
    },
    /// The same work with other stacks and another optimiser, side by side; writes it into docs/size.md
    Compare {
        /// Print JSON on stdout instead of the table
        #[arg(long)]
        json: bool,
    },
    /// Everything as one page to look at, without anything from elsewhere
    Report {
        /// Where the page goes
        #[arg(long, value_name = "FILE")]
        html: PathBuf,
        /// What changes are shown against: as for `diff` [default: what was accepted last]
        #[arg(long, value_name = "BASE")]
        base: Option<String>,
        /// Try the page in a browser, and keep screenshots in target/acceptance
        #[arg(long)]
        check: bool,
        /// Print what the page shows as JSON on stdout
        #[arg(long)]
        json: bool,
    },
}
