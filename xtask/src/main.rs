//! `cargo xtask`: builds, shrinks, checks and releases clawft. Developers and CI use the same commands.
//!
//! [`flags::Cli`] is the command line as data. A command is a module with `run` as its first item, or a separate
//! package, which is compiled when it is first needed and started with the same arguments. All
//! of them use the package [`devkit`].

mod ci;
mod fix;
mod lint;

use std::{env, process::ExitCode};

use clap::Parser as _;
use devkit::{
    package::{ARTIFACTS, BENCH, CHECKS, E2E, IMAGE, Package, RELEASE, TOOLCHAIN},
    project::Project,
    ui,
};
use flags::{Cli, Command};

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
        Command::Setup(_) | Command::Tool(_) | Command::Completions(_) => return start(TOOLCHAIN, &project),
        Command::Wasm(_) | Command::Size(_) => return start(ARTIFACTS, &project),
        Command::Docker(_) => return start(IMAGE, &project),
        Command::Dist(_) | Command::Release(_) => return start(RELEASE, &project),
        Command::Bench(_) => return start(BENCH, &project),
        Command::Coverage(_) | Command::Mutants(_) | Command::Fuzz(_) => return start(CHECKS, &project),
        Command::Smoke(_) => return start(E2E, &project),
        Command::Lint(flags) => lint::run(&project, &flags),
        Command::Fix(_) => fix::run(&project),
        Command::Ready(flags) => ci::run_ready(&project, &flags),
        Command::Test(flags) => ci::run_tests(&project, &flags),
        Command::Ci(flags) => ci::run(&project, &flags),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the command in its package, which reads the same arguments.
fn start(package: Package, project: &Project) -> anyhow::Result<ExitCode> {
    package.start(project, env::args_os().skip(1))
}
