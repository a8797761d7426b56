//! `weft completions` and the hidden `weft man`, for packages. Both are made from the command line's
//! definition.

use super::args::{AFTER_HELP, Completions, Man, Weft};
use super::exit::Exit;
use super::terminal::print;
use clap::{Command, CommandFactory as _};
use clap_mangen::roff::{Roff, roman};
use std::io;
use weft_agent::Error;

impl Completions {
    pub(crate) fn run(self) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Weft::command(), "weft", &mut script);
        printed(&script)
    }
}

impl Man {
    pub(crate) fn run(self) -> Result<Exit, Error> {
        printed(&page().map_err(|error| Error::other(format!("the man page cannot be made: {error}")))?)
    }
}

/// Returns one page for all commands. It is equal for every target and commit, so that it can be packaged
/// once.
fn page() -> io::Result<Vec<u8>> {
    let mut weft = Weft::command();
    weft.build();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(weft.clone()).source(concat!("weft ", env!("CARGO_PKG_VERSION")));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for command in weft.get_subcommands().filter(|command| !command.is_hide_set()) {
        describe(command, &mut page)?;
    }
    AFTER_HELP
        .split("\n\n")
        .try_for_each(|part| lines(part, &mut page))?;
    Ok(page)
}

/// Writes a section for each command and subcommand.
fn describe(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .replace('-', " ");
    Roff::new()
        .control("SH", [name.to_uppercase().as_str()])
        .to_writer(page)?;
    if let Some(about) = command.get_long_about().or(command.get_about()) {
        Roff::new().text([roman(about.to_string())]).to_writer(page)?;
    }
    let man = clap_mangen::Man::new(command.clone());
    man.render_synopsis_section(page)?;
    man.render_options_section(page)?;
    command
        .get_subcommands()
        .try_for_each(|command| describe(command, page))
}

/// Writes a part of the help: its first line is the heading, and the others stay lines.
fn lines(part: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
    let heading = heading.trim_end_matches(':').to_uppercase();
    let mut roff = Roff::new();
    roff.control("SH", [heading.as_str()]).control("nf", []);
    roff.text([roman(text)]).control("fi", []).to_writer(page)
}

fn printed(bytes: &[u8]) -> Result<Exit, Error> {
    print(&String::from_utf8_lossy(bytes)).map(|()| Exit::Success)
}
