//! The flags of `completions`.

use clap::{Args, ValueEnum};

/// Print a script that makes a shell complete commands and options
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask completions bash > ~/.xtask.bash    then `source ~/.xtask.bash`, also in ~/.bashrc
  cargo xtask completions fish | source           for this session

The script defines `xtask`, short for `cargo xtask`, and completes what follows it. The completion
of `cargo` itself stays as it is.")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// The friendly interactive shell
    Fish,
    /// PowerShell
    #[value(name = "powershell")]
    PowerShell,
}
