//! `cargo xtask setup`, `cargo xtask tool` and `cargo xtask completions`.

use std::process::ExitCode;

use clap::Parser;
use devkit::{project::Project, ui};
use flags::{Completions, Setup, Tool};

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Setup(Setup),
    Tool(Tool),
    Completions(Completions),
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = Project::discover().and_then(|project| match command {
        Command::Setup(flags) => toolchain::run(&project, &flags),
        Command::Tool(flags) => toolchain::run_tool(&project, &flags),
        Command::Completions(flags) => toolchain::print_completions(&flags),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}
