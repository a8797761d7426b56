//! The command line: `args` holds its definition as data, and each command has a module.

mod args;
mod chat;
mod completions;
mod config;
mod dashed_messages;
mod exit;
mod gateway;
mod init;
mod keys;
mod man;
mod mcp;
mod models;
mod nearest;
mod sessions;
mod status;
mod store;
mod suggest;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use clawft_types::json::Writer;
use weft_agent::{Error, Home};

use args::{Command, Hidden, VERSION, Weft};
use exit::Exit;
use terminal::{Sanitizer, print};

/// Runs the command of the process's arguments. Errors go to standard error; `weft --help` lists the exit
/// codes.
pub(crate) fn main() -> ExitCode {
    weft_agent::limits::survive_file_size_limit();
    let arguments = dashed_messages::mark(std::env::args_os());
    let done = match Hidden::named(&arguments) {
        true => Hidden::try_parse_from(arguments).map(run_hidden),
        false => Weft::try_parse_from(arguments).map(run),
    };
    let done = match done {
        Ok(done) => done,
        Err(error) if error.use_stderr() => error.exit(),
        Err(text) => print(&text.to_string()).map(|()| Exit::Success),
    };
    let exit = done.unwrap_or_else(|error| {
        terminal::print_error(&error);
        Exit::from(&error)
    });
    match (exit, chat::signal()) {
        (Exit::Interrupted, Some(signal)) => signal.into(),
        (exit, _) => exit.into(),
    }
}

fn run(weft: Weft) -> Result<Exit, Error> {
    let home = || Home::find(weft.config.clone());
    match weft.command {
        Command::Chat(chat) => chat.run(&home()?),
        Command::Init(init) => init.run(&home()?),
        Command::Models(models) => models.run(&home()?),
        Command::Sessions(sessions) => sessions.run(&home()?),
        Command::Config(config) => config.run(&home()?),
        Command::Mcp(mcp) => mcp.run(&home()?),
        Command::Gateway(gateway) => gateway.run(&home()?),
        Command::Keys(keys) => keys.run(&home()?),
        Command::Status(status) => status.run(&home()?),
        Command::Completions(completions) => completions.run(),
    }
}

fn run_hidden(hidden: Hidden) -> Result<Exit, Error> {
    match hidden {
        Hidden::Complete(complete) => complete.run(&Home::find(None)?),
        Hidden::Man(man) => man.run(),
        Hidden::Version(_) => print(&format!("weft {VERSION}\n")).map(|()| Exit::Success),
    }
}

/// Prints JSON on a line of its own.
fn print_line(writer: Writer) -> Result<(), Error> {
    let mut bytes = writer.into_bytes();
    bytes.push(b'\n');
    print(&Sanitizer::for_output().text(&String::from_utf8_lossy(&bytes)))
}
