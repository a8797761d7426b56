//! Compares the commands in documents with the command line: every command shown exists, and every existing
//! command is shown somewhere.
//!
//! Modules in the order of data: [`extract`] finds commands in Markdown, [`compare`] compares one of them with
//! clap's tree. [`mod@reference`] writes `docs/cli.md`, which holds all of them and so counts for none.

mod compare;
mod extract;
mod reference;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;

/// Returns all Markdown files of the project at `root`, beside its manifest and below `docs`, sorted. The reference
/// of the commands is not one of them.
///
/// # Errors
/// Fails if a directory cannot be listed.
pub fn documents(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for directory in [root.to_owned(), root.join("docs")] {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            found.extend(
                Some(path).filter(|path| path.extension().is_some_and(|extension| extension == "md")),
            );
        }
    }
    found.retain(|path| *path != reference::path(root));
    found.sort();
    Ok(found)
}

/// Compares the section of a program in `docs/cli.md` of the project at `root` with its `command`. With `BLESS` in the
/// environment, writes the section instead. The inner error is the difference.
///
/// # Errors
/// Fails if the document cannot be read or written.
pub fn check_reference(command: &Command, root: &Path) -> io::Result<Result<(), String>> {
    reference::check(command, root)
}

/// Returns the differences between `documents` and `command`, a line each: `FILE:LINE: …` for a command that
/// is shown and does not exist, and each visible command and option that is shown nowhere.
///
/// # Errors
/// Fails if a document cannot be read.
pub fn disagreements(command: &Command, documents: &[PathBuf]) -> io::Result<Vec<String>> {
    let mut command = command.clone();
    command.build();
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let mut wrong = Vec::new();
    let mut seen = compare::Seen::default();
    for path in documents {
        let text = fs::read_to_string(path)?;
        seen.alone(extract::options(&text));
        for shown in extract::commands(&text, &name) {
            if let Err(what) = compare::walk(&command, &shown.words, &mut seen) {
                wrong.push(format!("{}:{}: {what}", path.display(), shown.line));
            }
        }
    }
    let unseen = compare::unseen(&command, &name, &seen);
    wrong.extend(
        unseen
            .into_iter()
            .map(|what| format!("`{what}` is in no document")),
    );
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction};

    use super::*;

    fn command() -> Command {
        let color = Arg::new("color").long("color").value_parser(["never", "always"]);
        let file = Arg::new("file").value_parser(["one", "two"]);
        let brew = Command::new("brew")
            .arg(color)
            .arg(file)
            .arg(Arg::new("hot").long("hot").action(ArgAction::SetTrue));
        Command::new("pot")
            .subcommand(brew)
            .subcommand(Command::new("man").hide(true))
    }

    fn found(text: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("page.md");
        fs::write(&path, text).unwrap();
        let shown = format!("{}:", path.display());
        let found = disagreements(&command(), &[path]).unwrap();
        found
            .into_iter()
            .map(|line| line.trim_start_matches(&shown).to_owned())
            .collect()
    }

    #[test]
    fn complete_page_has_no_differences() {
        let text =
            "Try `pot brew --hot`.\n\n```console\n$ X=1 pot brew --color=never one | wc  # a note\n```\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn names_line_of_unknown_command() {
        let page = |line: &str| format!("`pot brew --hot --color`\n\n```console\n$ {line}\n```\n");
        for (line, expected) in [
            ("pot boil", "4: `pot boil`: there is no such command"),
            ("pot brew --cold", "4: `pot brew` has no option `--cold`"),
            ("pot brew -x", "4: `pot brew` has no option `-x`"),
            ("pot brew three", "4: `pot brew` takes no `three`"),
            ("true && pot boil", "4: `pot boil`: there is no such command"),
        ] {
            assert_eq!(found(&page(line)), [expected]);
        }
    }

    #[test]
    fn placeholders_stand_for_anything() {
        assert_eq!(
            found("`pot brew FILE --hot --color WHEN` or `pot COMMAND --help`"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn single_option_counts_for_every_command() {
        assert_eq!(
            found("`pot brew` takes `--hot` and `--color=WHEN`; `--strange` is another program's"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn names_commands_without_documentation() {
        assert_eq!(
            found("`pot`"),
            [
                "`pot brew` is in no document",
                "`pot brew --color` is in no document",
                "`pot brew --hot` is in no document"
            ]
        );
    }
}
