//! The commands that check the repository: `cargo xtask lint`, `fix`, `ready`, `test`, `ci`, `coverage`, `mutants` and
//! `fuzz`.
//!
//! Each command is a module with `run` as its first item; [`ci`] has three of them. [`mutants`] asks [`coverage`] which
//! files native builds leave out.

mod ci;
mod coverage;
mod fix;
mod fuzz;
mod lint;
mod mutants;

use std::process::ExitCode;

use clap::Parser;
use devkit::{project::Project, ui};
use flags::{Ci, Coverage, Fix, Fuzz, Lint, Mutants, Ready, Test};

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Lint(Lint),
    Fix(Fix),
    Ready(Ready),
    Test(Test),
    Ci(Ci),
    Coverage(Coverage),
    Mutants(Mutants),
    Fuzz(Fuzz),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = Project::discover().and_then(|project| match command {
        Command::Lint(flags) => lint::run(&project, &flags),
        Command::Fix(_) => fix::run(&project),
        Command::Ready(flags) => ci::run_ready(&project, &flags),
        Command::Test(flags) => ci::run_tests(&project, &flags),
        Command::Ci(flags) => ci::run(&project, &flags),
        Command::Coverage(flags) => coverage::run(&project, &flags),
        Command::Mutants(flags) => mutants::run(&project, &flags),
        Command::Fuzz(flags) => fuzz::run(&project, &flags),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}
