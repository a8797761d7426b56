//! The commands in a document: code spans that begin with the program's name, and lines in code blocks, by
//! themselves, after a prompt, or between other commands.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A command in a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The line where it begins, counted from 1.
    pub(crate) line: usize,
    /// The words after the program's name.
    pub(crate) words: Vec<String>,
}

/// Returns all commands of the program `name`, which may be several words, in the Markdown `text`.
pub(crate) fn commands(text: &str, name: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let line = text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Code(code) => found.extend(command(&code, name).map(|words| Shown { line, words })),
            Event::Text(code) if in_block => found.extend(block(&code, name, line)),
            _ => {}
        }
    }
    found
}

/// Returns the commands in a block whose first line is `first`.
fn block(code: &str, name: &str, first: usize) -> Vec<Shown> {
    // A continued line is one command; the following lines keep their numbers.
    let code = code.replace("\\\n", "  ");
    let lines = code.lines().enumerate();
    let commands = lines.flat_map(|(index, line)| parts(line).map(move |part| (first + index, part)));
    commands
        .filter_map(|(line, part)| {
            Some(Shown {
                line,
                words: command(part, name)?,
            })
        })
        .collect()
}

/// Returns the options in code spans without a command: `--json` may belong to any command that has it.
pub(crate) fn options(text: &str) -> Vec<String> {
    let spans = Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Code(code) => code.split([' ', '=']).next().map(str::to_owned),
        _ => None,
    });
    spans.filter(|word| word.starts_with('-')).collect()
}

/// Returns the commands in a line of a shell.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let line = line
        .trim_start()
        .trim_start_matches("$ ")
        .trim_start_matches("- run: ");
    line.split(" | ")
        .flat_map(|part| part.split(" && "))
        .flat_map(|part| part.split("; "))
}

/// Returns the words after `name` in `part`, if it is a command of that program. Assignments of variables may
/// come before.
fn command(part: &str, name: &str) -> Option<Vec<String>> {
    let words: Vec<String> = shlex::Shlex::new(part).collect();
    let mut words = words.into_iter().skip_while(|word| is_assignment(word));
    let named = name
        .split(' ')
        .all(|expected| words.next().is_some_and(|word| word == expected));
    named.then(|| {
        words
            .take_while(|word| !word.starts_with(['…', '>', '<', '#']))
            .collect()
    })
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}
