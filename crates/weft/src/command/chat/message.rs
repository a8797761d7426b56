//! The message of the command line: arguments, files and standard input.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use clawft_types::image::Image;
use weft_agent::Error;

use super::source::{self, Content};

/// The argument that stands for standard input.
const INPUT: &str = "-";

/// The message, with the images that go with it.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) images: Vec<Image>,
}

/// Returns the message. It consists of the arguments, the files and standard input, in this order and with an empty
/// line between them; standard input is read if it is not a terminal, or if nothing else is given. `-` stands for
/// standard input, also in place of a file.
///
/// # Errors
/// If a file or standard input cannot be read or is neither text nor an image, or if there is nothing to send.
pub(super) fn read(arguments: &[String], files: &[PathBuf], images: &[PathBuf]) -> Result<Message, Error> {
    let mut found = images
        .iter()
        .filter(|path| !is_input(path))
        .map(|path| read_image(path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut texts = Vec::new();
    for path in files.iter().filter(|path| !is_input(path)) {
        match source::file(path)? {
            Content::Text(text) => texts.push(named(path, &text)),
            Content::Image(image) => found.push(image),
        }
    }
    let is_named = arguments.iter().any(|argument| argument == INPUT)
        || files.iter().chain(images).any(|path| is_input(path));
    let is_alone = arguments.is_empty() && files.is_empty() && images.is_empty();
    let input = match is_named || is_alone || !io::stdin().is_terminal() {
        true => source::input()?,
        false => Content::Text(String::new()),
    };
    let input = match input {
        Content::Text(text) if images.iter().any(|path| is_input(path)) => {
            return Err(no_image("standard input", &text));
        }
        Content::Text(text) => text,
        Content::Image(image) => {
            found.push(image);
            String::new()
        }
    };
    let text = compose(arguments, &texts, &input);
    if text.trim().is_empty() && found.is_empty() {
        let advice = "give it as an argument, with `--file` or on standard input";
        return Err(Error::other(format!("the message is empty: {advice}")));
    }
    Ok(Message { text, images: found })
}

fn is_input(path: &Path) -> bool {
    path.as_os_str() == INPUT
}

fn read_image(path: &Path) -> Result<Image, Error> {
    match source::file(path)? {
        Content::Image(image) => Ok(image),
        Content::Text(text) => Err(no_image(&format!("`{}`", path.display()), &text)),
    }
}

fn no_image(name: &str, text: &str) -> Error {
    let advice = match text.is_empty() {
        true => "it is empty",
        false => "send a text file with `--file`",
    };
    Error::other(format!(
        "{name} is not an image in PNG, JPEG, GIF or WebP: {advice}"
    ))
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
fn named(path: &Path, text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("<file name=\"{}\">\n{text}{end}</file>", path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn composed(arguments: &[&str], files: &[&str], input: &str) -> String {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        compose(&owned(arguments), &owned(files), input)
    }

    #[test]
    fn input_follows_arguments_or_stands_among_them() {
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
        for (text, message) in [
            ("one", "<file name=\"a.txt\">\none\n</file>"),
            ("one\n", "<file name=\"a.txt\">\none\n</file>"),
            ("", "<file name=\"a.txt\">\n</file>"),
        ] {
            assert_eq!(named(Path::new("a.txt"), text), message);
        }
    }

    #[test]
    fn refuses_files_that_are_no_images() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("a");
        for (content, found) in [
            ("GIF89a", None),
            ("text", Some("`--file`")),
            ("", Some("it is empty")),
        ] {
            fs::write(&path, content).unwrap();
            let error = read_image(&path).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), found.is_some(), "{content}");
            assert!(error.unwrap_or_default().ends_with(found.unwrap_or_default()));
        }
    }
}
