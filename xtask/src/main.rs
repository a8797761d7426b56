//! `cargo xtask`: builds, shrinks, checks and releases clawft. Developers and CI call it in exactly the same way.
//!
//! Modules in reading order: [`cli`] is the command line as data; every command is a module of its own with `run` as its
//! first item. What all of them use is the package [`devkit`]: where things are, and the one door to other programs.

mod bench;
mod ci;
mod cli;
mod coverage;
mod dist;
mod docker;
mod fuzz;
mod interrupt;
mod lint;
mod mutants;
mod release;
mod setup;
mod size;
mod smoke;
mod table;
mod testkit;
mod tool;
mod wasm;

use std::process::ExitCode;

use clap::Parser as _;
use devkit::{project::Project, ui};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let project = Project::discover()?;
    match cli.command {
        Command::Setup(flags) => flags.run(&project),
        Command::Wasm(flags) => flags.run(&project),
        Command::Dist(flags) => flags.run(&project),
        Command::Docker(flags) => docker::run(&flags, &project),
        Command::Release(flags) => flags.run(&project),
        Command::Smoke(flags) => flags.run(&project),
        Command::Size(flags) => flags.run(&project),
        Command::Tool(flags) => flags.run(&project),
        Command::Lint(flags) => flags.run(&project),
        Command::Bench(flags) => flags.run(&project),
        Command::Fuzz(flags) => flags.run(&project),
        Command::Coverage(flags) => flags.run(&project),
        Command::Mutants(flags) => flags.run(&project),
        Command::Test(flags) => flags.run(&project),
        Command::Ci(flags) => flags.run(&project),
    }
}
