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
    let mut found = markdown(root)?;
    found.extend(markdown(&root.join("docs"))?);
    found.retain(|path| *path != reference::path(root));
    found.sort();
    Ok(found)
}

/// Returns the Markdown files for those who change the project at `root`: the decisions and the READMEs of packages.
/// Commands in them have to exist, but a command that only they show is not documented.
///
/// # Errors
/// Fails if a directory cannot be listed.
pub fn developer_documents(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = markdown(&root.join("docs/decisions"))?;
    for parent in ["crates", "xtask"].map(|name| root.join(name)) {
        let packages = entries(&parent)?.into_iter().chain([parent]);
        found.extend(
            packages
                .map(|package| package.join("README.md"))
                .filter(|path| path.is_file()),
        );
    }
    found.sort();
    Ok(found)
}

/// Returns the Markdown files in `directory`.
fn markdown(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = entries(directory)?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    Ok(found)
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
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
    let command = built(command);
    let (mut wrong, seen) = compared(&command, documents)?;
    let unseen = compare::unseen(&command, &name(&command), &seen);
    wrong.extend(
        unseen
            .into_iter()
            .map(|what| format!("`{what}` is in no document")),
    );
    Ok(wrong)
}

/// Returns a line `FILE:LINE: …` for each command in `documents` that does not exist.
///
/// # Errors
/// Fails if a document cannot be read.
pub fn unknown_commands(command: &Command, documents: &[PathBuf]) -> io::Result<Vec<String>> {
    compared(&built(command), documents).map(|(wrong, _)| wrong)
}

/// Returns a line for each command in `documents` that does not exist, and those that do.
fn compared(command: &Command, documents: &[PathBuf]) -> io::Result<(Vec<String>, compare::Seen)> {
    let mut wrong = Vec::new();
    let mut seen = compare::Seen::default();
    for path in documents {
        let text = fs::read_to_string(path)?;
        seen.alone(extract::options(&text));
        for shown in extract::commands(&text, &name(command)) {
            if let Err(what) = compare::walk(command, &shown.words, &mut seen) {
                wrong.push(format!("{}:{}: {what}", path.display(), shown.line));
            }
        }
    }
    Ok((wrong, seen))
}

/// Returns the command with the names and arguments that clap adds.
fn built(command: &Command) -> Command {
    let mut command = command.clone();
    command.build();
    command
}

/// Returns the name on the command line, which may be several words.
fn name(command: &Command) -> String {
    command.get_bin_name().unwrap_or(command.get_name()).to_owned()
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
    fn developers_need_not_see_every_command() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for (path, text) in [
            ("docs/page.md", "`pot roast`"),
            ("docs/decisions/one.md", "`pot brew`"),
            ("crates/a/README.md", "`pot boil`"),
            ("crates/a/tests/cli/one.md", "`pot roast`"),
            ("xtask/README.md", "`pot brew one`"),
            ("xtask/b/src/lib.rs", ""),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let documents = developer_documents(root).unwrap();
        assert_eq!(documents.len(), 3, "{documents:?}");
        let found = unknown_commands(&command(), &documents).unwrap();
        let readme = root.join("crates/a/README.md");
        let expected = format!("{}:1: `pot boil`: there is no such command", readme.display());
        assert_eq!(found, [expected]);
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
