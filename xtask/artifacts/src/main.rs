//! `cargo xtask wasm` and `cargo xtask size`, and a check for `cargo xtask lint`.

use std::process::ExitCode;

use clap::Parser;
use devkit::{project::Project, ui};
use flags::{Size, Wasm};

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Wasm(Wasm),
    Size(Size),
    /// Run clippy on the programs that this package builds on demand
    #[command(hide = true)]
    Clippy,
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = Project::discover().and_then(|project| match command {
        Command::Wasm(flags) => artifacts::run_wasm(&project, &flags),
        Command::Size(flags) => artifacts::run_size(&project, &flags),
        Command::Clippy => artifacts::check_optimiser(&project),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}
