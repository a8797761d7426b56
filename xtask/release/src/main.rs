//! `cargo xtask dist` and `cargo xtask release`, and binaries for the package `image`.

use std::process::ExitCode;

use clap::Parser;
use devkit::{project::Project, ui};
use flags::{Dist, Release, values::Target};

/// The part of the command line of `cargo xtask` that this package implements.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Command {
    Dist(Dist),
    Release(Release),
    /// Bring the binary for a target up to date, and print its path
    #[command(hide = true)]
    Binary {
        /// The target
        target: Target,
    },
}

fn main() -> ExitCode {
    let command = Command::parse();
    let done = Project::discover().and_then(|project| match command {
        Command::Dist(flags) => release::run_dist(&project, &flags),
        Command::Release(flags) => release::run_release(&project, &flags),
        Command::Binary { target } => {
            let built = release::ensure_built(&project, &[target])?;
            built
                .values()
                .try_for_each(|path| ui::result(&path.display().to_string()))
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ui::report(&error),
    }
}
