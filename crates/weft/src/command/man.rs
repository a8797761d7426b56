//! The hidden `weft man`: the man page, for packages. It is made from the command line's definition.

use std::io::{self, Write as _};

use clap::{Command, CommandFactory as _};
use clap_mangen::roff::{Roff, bold, roman};
use weft_agent::Error;

use super::{
    args::{AFTER_HELP, FILES, MAN_EXAMPLES, Man, Weft},
    exit::Exit,
    terminal::print,
};

impl Man {
    pub(crate) fn run(self) -> Result<Exit, Error> {
        let page = page().map_err(|error| Error::other(format!("the man page cannot be made: {error}")))?;
        print(&String::from_utf8_lossy(&page)).map(|()| Exit::Success)
    }
}

/// Returns one page for all commands. It is equal for every target and commit, so that it can be packaged
/// once.
fn page() -> io::Result<Vec<u8>> {
    let mut weft = Weft::command();
    weft.build();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(weft.clone());
    title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(&weft, &mut page)?;
    man.render_options_section(&mut page)?;
    // The command `help` has all commands below it once more.
    for command in weft
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let mut sections = Vec::new();
        describe(command, &mut sections)?;
        page.extend_from_slice(nested(&String::from_utf8_lossy(&sections)).as_bytes());
    }
    for part in AFTER_HELP.split("\n\n").chain([FILES]) {
        definitions(part, &mut page)?;
    }
    lines(MAN_EXAMPLES, &mut page)?;
    Ok(page)
}

/// Writes the title. It has no date, which would differ between two builds.
fn title(page: &mut Vec<u8>) -> io::Result<()> {
    let source = concat!("weft ", env!("CARGO_PKG_VERSION"));
    writeln!(page, ".TH weft 1 \"\" \"{source}\"")
}

/// Writes how a command is called, as its help has it.
fn synopsis(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    Roff::new()
        .control("SH", ["SYNOPSIS"])
        .text([roman(usage)])
        .to_writer(page)
}

/// Returns the sections of commands, in which those for a command's own parts are below it.
fn nested(sections: &str) -> String {
    let mut nested = String::new();
    for line in sections.lines() {
        let is_command = line.starts_with(".SH \"WEFT ") || line.starts_with(".SH WEFT");
        let line = match line.strip_prefix(".SH ") {
            Some(heading) if !is_command => format!(".SS {heading}"),
            _ => line.to_owned(),
        };
        nested.push_str(&line);
        nested.push('\n');
    }
    nested
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
        let mut roff = Roff::new();
        for (index, paragraph) in about.to_string().split("\n\n").enumerate() {
            if index > 0 {
                roff.control("PP", []);
            }
            roff.text([roman(paragraph)]);
        }
        roff.to_writer(page)?;
    }
    let man = clap_mangen::Man::new(command.clone());
    synopsis(command, page)?;
    man.render_options_section(page)?;
    if let Some(after) = command.get_after_help() {
        lines(&after.to_string(), page)?;
    }
    command
        .get_subcommands()
        .try_for_each(|command| describe(command, page))
}

/// Writes a part of the help whose lines are a term and its meaning, two spaces or more apart.
fn definitions(part: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let (heading, text) = section(part);
    let mut roff = Roff::new();
    roff.control("SH", [heading.as_str()]);
    for line in text.lines() {
        let (term, meaning) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
        roff.control("TP", [])
            .text([bold(term)])
            .text([roman(meaning.trim())]);
    }
    roff.to_writer(page)
}

/// Writes a part of the help whose lines stay lines.
fn lines(part: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let (heading, text) = section(part);
    let mut roff = Roff::new();
    roff.control("SH", [heading.as_str()]).control("nf", []);
    roff.text([roman(text)]).control("fi", []).to_writer(page)
}

/// Returns the heading as a man page has it, and the text.
fn section(part: &str) -> (String, &str) {
    let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
    let heading = match heading.trim_end_matches(':') {
        "Exit codes" => "EXIT STATUS".to_owned(),
        heading => heading.to_uppercase(),
    };
    (heading, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_title_and_values_in_its_synopses() {
        let page = String::from_utf8(page().unwrap()).unwrap();
        let title = concat!(".TH weft 1 \"\" \"weft ", env!("CARGO_PKG_VERSION"), "\"\n");
        assert!(page.starts_with(title), "{page}");
        for usage in [
            "weft [OPTIONS] <COMMAND>",
            "weft chat [OPTIONS] [MESSAGE]...",
            "weft sessions rm [OPTIONS] <ID>...",
        ] {
            assert!(page.contains(&format!("SYNOPSIS\n{usage}\n")), "{usage}");
        }
        // An empty paragraph, and what only programs call.
        for wrong in [".PP\n.", "WEFT HELP", "WEFT MAN", "WEFT COMPLETE\""] {
            assert!(!page.contains(wrong), "{wrong}");
        }
    }
}
