//! The command line: `args` holds its definition as data, and each command has a module.

mod args;
mod arguments;
mod chat;
mod completions;
mod config;
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
mod suggest;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use clawft_types::json::Writer;
use weft_agent::{Error, Home};

use args::{Command, Weft};
use exit::Exit;
use terminal::Sanitizer;

/// Runs the command of the process's arguments. Errors go to standard error; `weft --help` lists the exit
/// codes.
pub(crate) fn main() -> ExitCode {
    weft_agent::limits::survive_file_size_limit();
    let arguments = arguments::mark(std::env::args_os());
    let weft = Weft::try_parse_from(arguments).unwrap_or_else(|error| error.exit());
    let done = run(weft);
    let exit = done.unwrap_or_else(|error| {
        terminal::print_error(&error);
        Exit::from(&error)
    });
    exit.into()
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
        Command::Complete(complete) => complete.run(&home()?),
        Command::Man(man) => man.run(),
    }
}

/// Prints JSON on a line of its own.
fn print_line(writer: Writer) -> Result<(), Error> {
    let mut bytes = writer.into_bytes();
    bytes.push(b'\n');
    terminal::print(&Sanitizer::for_output().text(&String::from_utf8_lossy(&bytes)))
}
