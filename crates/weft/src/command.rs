//! The command line: `args` is what can be typed, as data; a module for each command does it.

mod args;
mod chat;
mod completions;
mod config;
mod exit;
mod gateway;
mod sessions;
mod status;
mod terminal;

use args::{Command, Weft};
use clap::Parser as _;
use clawft_types::json::Writer;
use exit::Exit;
use std::process::ExitCode;
use terminal::Clean;
use weft_agent::{Error, Home};

/// Does what the process's arguments say. Errors go to standard error; the exit codes are in `weft --help`.
pub(crate) fn main() -> ExitCode {
    weft_agent::limits::survive_file_size_limit();
    let weft = Weft::try_parse().unwrap_or_else(|error| error.exit());
    let done = run(weft);
    let exit = done.unwrap_or_else(|error| {
        terminal::say_error(&error);
        Exit::from(&error)
    });
    exit.into()
}

fn run(weft: Weft) -> Result<Exit, Error> {
    let home = || Home::find(weft.config.clone());
    match weft.command {
        Command::Chat(chat) => chat.run(&home()?),
        Command::Sessions(sessions) => sessions.run(&home()?),
        Command::Config(config) => config.run(&home()?),
        Command::Gateway(gateway) => gateway.run(&home()?),
        Command::Status(status) => status.run(&home()?),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    }
}

/// Prints JSON as a line of its own.
fn print_line(writer: Writer) -> Result<(), Error> {
    let mut bytes = writer.into_bytes();
    bytes.push(b'\n');
    terminal::print(&Clean::for_output().text(&String::from_utf8_lossy(&bytes)))
}
