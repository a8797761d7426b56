//! The program of `cargo xtask smoke`, and the part of `cargo xtask lint` about this package.

use std::process::ExitCode;

use clap::Parser;
use devkit::{project::Project, ui};
use flags::Smoke;

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Smoke(Smoke),
    /// Run clippy on the programs that are built on demand
    #[command(hide = true)]
    Clippy,
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = Project::discover().and_then(|project| match command {
        Command::Smoke(flags) => e2e::smoke(&project, &flags),
        Command::Clippy => e2e::clippy(&project),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}
