//! `cargo xtask`: builds, shrinks, checks and releases clawft. Developers and CI call it in exactly the same way.
//!
//! Modules in reading order: [`cli`] is the command line as data. A command is a module with `run` as its first item, or a package
//! of its own, which is started with the same arguments and compiled for the first of them. All of them use the package [`devkit`].

mod bench;
mod ci;
mod cli;
mod coverage;
mod dist;
mod fix;
mod fuzz;
mod interrupt;
mod lint;
mod mutants;
mod release;
mod setup;
mod size;
mod smoke;
mod table;
mod tool;
mod wasm;

use std::{env, process::ExitCode};

use clap::Parser as _;
use devkit::{package::IMAGE, project::Project, ui};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => ui::report(&error),
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let project = Project::discover()?;
    match cli.command {
        Command::Setup(flags) => flags.run(&project),
        Command::Wasm(flags) => flags.run(&project),
        Command::Dist(flags) => flags.run(&project),
        Command::Docker(_) => return IMAGE.start(&project, env::args_os().skip(1)),
        Command::Release(flags) => flags.run(&project),
        Command::Smoke(flags) => flags.run(&project),
        Command::Size(flags) => flags.run(&project),
        Command::Tool(flags) => flags.run(&project),
        Command::Lint(flags) => flags.run(&project),
        Command::Bench(flags) => flags.run(&project),
        Command::Fuzz(flags) => flags.run(&project),
        Command::Coverage(flags) => flags.run(&project),
        Command::Mutants(flags) => flags.run(&project),
        Command::Fix(flags) => flags.run(&project),
        Command::Ready(flags) => flags.run(&project),
        Command::Test(flags) => flags.run(&project),
        Command::Ci(flags) => flags.run(&project),
    }?;
    Ok(ExitCode::SUCCESS)
}
