//! The message of the command line: arguments, files and standard input.

use crate::command::terminal;
use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use weft_agent::{Error, home};

/// The argument that stands for standard input.
const INPUT: &str = "-";

/// The time after which a message says that standard input is being read.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns the message. It consists of the arguments, the files and standard input, in this order and with an empty
/// line between them; standard input is read if it is no terminal, or if nothing else is given.
///
/// # Errors
/// If a file or standard input cannot be read, or is not UTF-8.
pub(super) fn read(arguments: &[String], files: &[PathBuf]) -> Result<String, Error> {
    let wants_input = arguments.iter().any(|argument| argument == INPUT);
    let is_alone = arguments.is_empty() && files.is_empty();
    let input = match wants_input || is_alone || !io::stdin().is_terminal() {
        true => read_input()?,
        false => String::new(),
    };
    let files = files
        .iter()
        .map(|path| read_file(path))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(compose(arguments, &files, &input))
}

fn compose(arguments: &[String], files: &[String], input: &str) -> String {
    if arguments.is_empty() && files.is_empty() {
        return input.to_owned();
    }
    let has_place = arguments.iter().any(|argument| argument == INPUT);
    let is_input_alone = arguments == [INPUT] && files.is_empty();
    if is_input_alone {
        return input.to_owned();
    }
    let words: Vec<&str> = arguments
        .iter()
        .map(|argument| if argument == INPUT { input } else { argument })
        .collect();
    let mut parts = vec![words.join(" ")];
    parts.extend_from_slice(files);
    if !has_place {
        parts.push(input.trim_end().to_owned());
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.join("\n\n")
}

/// Returns the text of a file with its name, in the form that models know from their training.
fn read_file(path: &Path) -> Result<String, Error> {
    let shown = path.display();
    let text = home::check_regular(path)
        .map_err(|fault| Error::other(format!("cannot read `{shown}`: {fault}")))
        .and_then(|()| {
            fs::read(path).map_err(|error| Error::other(format!("cannot read `{shown}`: {error}")))
        })?;
    let text = String::from_utf8(text)
        .map_err(|_| Error::other(format!("`{shown}` is not a text file: it is not UTF-8")))?;
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("<file name=\"{shown}\">\n{text}{end}</file>"))
}

/// Reads all of standard input as text. Says so if that takes long, because a caller may have left it open.
fn read_input() -> Result<String, Error> {
    let (done, waits) = mpsc::channel::<()>();
    thread::spawn(move || {
        if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) && !io::stdin().is_terminal() {
            terminal::hint("reading standard input until it ends; `< /dev/null` leaves it out");
        }
    });
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    drop(done);
    read.map_err(|error| Error::other(format!("standard input cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| Error::other("the message on standard input is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(arguments: &[&str], files: &[&str], input: &str) -> String {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        compose(&owned(arguments), &owned(files), input)
    }

    #[test]
    fn input_follows_the_arguments_or_stands_in_their_midst() {
        for (arguments, files, input, message) in [
            (&["hi"][..], &[][..], "", "hi"),
            (&["what", "is", "it?"], &[], "", "what is it?"),
            (&["explain this"], &[], "a file\n", "explain this\n\na file"),
            (&["explain this"], &[], " \n", "explain this"),
            (&[], &[], "{\"content\":\"hi\"}\n", "{\"content\":\"hi\"}\n"),
            (&["-"], &[], "a\n", "a\n"),
            (&["is", "-", "a file?"], &[], "x", "is x a file?"),
            (&["explain"], &["<file>"], "input", "explain\n\n<file>\n\ninput"),
            (&[], &["<file>"], "", "<file>"),
        ] {
            assert_eq!(composed(arguments, files, input), message, "{arguments:?}");
        }
    }

    #[test]
    fn files_come_with_their_names() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("a.txt");
        fs::write(&path, "one").unwrap();
        let text = read_file(&path).unwrap();
        assert_eq!(text, format!("<file name=\"{}\">\none\n</file>", path.display()));
        fs::write(&path, [0xff]).unwrap();
        assert!(
            read_file(&path)
                .unwrap_err()
                .to_string()
                .ends_with("it is not UTF-8")
        );
        let error = read_file(directory.path()).unwrap_err().to_string();
        assert!(error.ends_with("it is a directory"), "{error}");
    }
}
