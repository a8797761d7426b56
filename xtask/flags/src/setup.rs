//! The flags of `setup`.

use clap::Args;

/// Install the targets and tools that the other commands need
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask setup            install missing items; prints one line for each
  cargo xtask setup --check    change nothing; exit with 1 if something is missing
  cargo xtask setup --repair   replace tools in the cache whose files have changed
  cargo xtask setup --all      also items for a single command: a linker, a browser, an emulator

Every other command installs the items that it needs, so this command is only for doing it in advance.")]
pub struct Setup {
    /// Also install the items that only a single command needs
    #[arg(long)]
    pub all: bool,
    /// Change nothing; exit with 1 if something is missing, and explain how to get it
    #[arg(long)]
    pub check: bool,
    /// Only install again what is damaged in the cache, and remove damaged programs that were built there
    #[arg(long, conflicts_with_all = ["all", "check"])]
    pub repair: bool,
    /// Print the items as JSON on stdout
    #[arg(long)]
    pub json: bool,
}
