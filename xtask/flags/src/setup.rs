//! `setup` as data.

use clap::Args;

/// Make this machine able to build: Rust targets, std's source, and the tools that commands run
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask setup            install what is missing, one line an item
  cargo xtask setup --check    change nothing; exit with 1 if something is missing
  cargo xtask setup --all      also what a single command needs: a linker, a browser, an emulator

Every other command sets up what it needs by itself, so this one is for looking and for doing it ahead of time.")]
pub struct Setup {
    /// Everything that any command may need, and not what most work takes alone
    #[arg(long)]
    pub all: bool,
    /// Change nothing; exit with 1 if something is missing, and say how to get it
    #[arg(long)]
    pub check: bool,
}
