//! Runs the wasip1 module on WAMR, whose own C code is compiled into this program.
//!
//! It replaces WAMR's `iwasm` command if there is none, and does what `iwasm` cannot: it reports the guest's
//! memory, and calls the functions that the module exports for hosts with their own network. `cargo xtask
//! smoke wamr` runs it; the cases are there.
//!
//! ```text
//! wamr-runner [OPTIONS] MODULE [ARG…]          as `iwasm` does
//! wamr-runner --call [OPTIONS] MODULE < CALLS  the exported functions, a line of JSON a call
//! wamr-runner --version                        the version of WAMR, and what it is built with
//!
//! OPTIONS, those of `iwasm`: --dir=PATH, --map-dir=GUEST::HOST, --env=NAME=VALUE, --stack-size=BYTES, --heap-size=BYTES
//! OPTIONS beside them:       --max-memory=BYTES, --report=FILE
//! ```
//!
//! The exit code is the guest's own; 134, as after an abort, if it trapped, and 2 if it could not be loaded.
//!
//! Modules in reading order: [`options`] parses the command line; [`runtime`] is a safe interface of WAMR,
//! and [`guest`] a module in it; [`call`] answers calls, [`turn`] drives a turn of the agent with
//! [`network`]; [`report`] writes the measurements.

mod call;
mod guest;
mod network;
mod options;
mod report;
mod runtime;
mod turn;

use std::{env, fs, process::ExitCode};

use anyhow::{Context as _, Result, ensure};

use crate::{
    guest::{Guest, Trap},
    options::{Command, Mode, Options},
};

/// The beginning of a component: `\0asm`, and a version that no core module has.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The exit code of a guest that trapped.
const TRAPPED: u8 = 134;

/// The exit code if the guest could not be loaded. Not 1, because the guest itself fails with 1.
const NOT_BEGUN: u8 = 2;

fn main() -> ExitCode {
    match Command::parse(env::args_os().skip(1)).and_then(dispatch) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wamr-runner: {error:#}");
            ExitCode::from(if error.is::<Trap>() { TRAPPED } else { NOT_BEGUN })
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Version => {
            println!("wamr-runner: {}", runtime::version());
            Ok(ExitCode::SUCCESS)
        }
        Command::Guest(options) => run(&options),
    }
}

fn run(options: &Options) -> Result<ExitCode> {
    let path = options.module.display();
    let bytes = fs::read(&options.module).with_context(|| format!("could not read `{path}`"))?;
    ensure!(
        !bytes.starts_with(COMPONENT),
        "`{path}` is a component, and WAMR runs core modules only: use `clawft-wasip1.wasm`"
    );
    let mut guest =
        Guest::load(bytes, &options.grants).with_context(|| format!("could not load `{path}`"))?;
    let ended = match options.mode {
        Mode::Run => guest.run(),
        Mode::Call => call::answer_lines(&mut guest),
    };
    // Also for a guest that trapped: its memory may be the reason.
    if let Some(file) = &options.report {
        report::write(file, &guest)?;
    }
    ended.map(ExitCode::from)
}
