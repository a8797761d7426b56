//! `cargo xtask`: builds, shrinks, checks and releases clawft. Developers and CI use the same commands.
//!
//! [`flags::Cli`] is the command line as data. Each command is in a package, which is compiled when it is first needed
//! and started with the same arguments.

use std::{env, process::ExitCode};

use clap::Parser as _;
use devkit::{
    package::{ARTIFACTS, BENCH, CHECKS, E2E, IMAGE, Package, RELEASE, TOOLCHAIN},
    project::Project,
    ui,
};
use flags::{Cli, Command};

// The runner of these targets is `cargo xtask tool wasmtime`, which would start itself without end.
#[cfg(target_family = "wasm")]
compile_error!(
    "`cargo xtask` runs on this machine: unset CARGO_BUILD_TARGET, and give cargo the option `--target` where you need it"
);

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The package parses the arguments again.
    let arguments = env::args_os().skip(1);
    let done = Project::discover().and_then(|project| package(&cli.command).start(&project, arguments));
    done.unwrap_or_else(|error| ui::report(&error))
}

/// Returns the package that does the work of `command`.
fn package(command: &Command) -> Package {
    match command {
        Command::Setup(_) | Command::Tool(_) | Command::Completions(_) => TOOLCHAIN,
        Command::Wasm(_) | Command::Size(_) => ARTIFACTS,
        Command::Docker(_) => IMAGE,
        Command::Dist(_) | Command::Release(_) => RELEASE,
        Command::Bench(_) => BENCH,
        Command::Smoke(_) => E2E,
        Command::Lint(_) | Command::Fix(_) | Command::Ready(_) | Command::Test(_) | Command::Ci(_) => CHECKS,
        Command::Coverage(_) | Command::Mutants(_) | Command::Fuzz(_) => CHECKS,
    }
}
