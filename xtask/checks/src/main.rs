//! `cargo xtask coverage`, `cargo xtask mutants` and `cargo xtask fuzz`.
//!
//! Each command is a module with `run` as its first item; [`mutants`] asks [`coverage`] which files native builds
//! leave out.

mod coverage;
mod fuzz;
mod mutants;

use std::process::ExitCode;

use clap::Parser;
use devkit::{project::Project, ui};
use flags::{Coverage, Fuzz, Mutants};

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Coverage(Coverage),
    Mutants(Mutants),
    Fuzz(Fuzz),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = Project::discover().and_then(|project| match command {
        Command::Coverage(flags) => coverage::run(&project, &flags),
        Command::Mutants(flags) => mutants::run(&project, &flags),
        Command::Fuzz(flags) => fuzz::run(&project, &flags),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}
