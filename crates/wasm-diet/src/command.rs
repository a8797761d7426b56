//! The command line: `args` holds its definition as data, and each command has a module.

mod args;
mod check;
mod diff;
mod engine;
mod files;
mod help;
mod misuse;
mod report;
mod shrink;
mod signals;
mod size;
mod table;
mod text;

use std::{env, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;
use wasm_diet::engine::COMMAND;

use args::{Command, Diet};
use misuse::Misuse;

/// The exit code of an invalid command line.
const MISUSE: u8 = 2;

/// The result of a command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Everything is as it should be.
    Good,
    /// Something is not: the command has reported it.
    Bad,
}

/// Runs the command of the process's arguments. Errors go to standard error; `wasm-diet --help` lists the exit codes.
pub(crate) fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    if words.next().is_some_and(|word| word == COMMAND) {
        return end(engine::serve(&words.collect::<Vec<_>>()));
    }
    signals::attend();
    let diet = Diet::try_parse().unwrap_or_else(|error| error.exit());
    end(match diet.command {
        Command::Shrink(shrink) => shrink::run(&shrink),
        Command::Size(size) => size::run(&size),
        Command::Diff(diff) => diff::run(&diff),
        Command::Report(report) => report::run(&report),
        Command::Check(check) => check::run(&check),
    })
}

fn end(result: Result<Verdict>) -> ExitCode {
    match result {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::FAILURE,
        Err(error) => {
            let mut text = format!("error: {error}");
            for cause in error.chain().skip(1) {
                text.push_str(&format!("\nCaused by: {cause}"));
            }
            files::tell(&text);
            if error.is::<Misuse>() {
                ExitCode::from(MISUSE)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
