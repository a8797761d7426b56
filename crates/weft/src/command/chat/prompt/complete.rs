//! Completion of commands and their arguments with the tab key.

use std::cell::RefCell;

use rustyline::{
    Context, Helper,
    completion::{Completer, FilenameCompleter, Pair},
    highlight::Highlighter,
    hint::Hinter,
    validate::Validator,
};
use weft_agent::{ConfigFile, Home};

use super::input::COMMANDS;
use crate::command::{chat::ask::Conversation, suggest};

/// Completes lines that begin with a slash.
pub(super) struct Completions {
    home: Home,
    file: ConfigFile,
    files: FilenameCompleter,
    /// The line as far as it is typed.
    line: RefCell<String>,
}

impl Completions {
    pub(super) fn new(home: &Home, conversation: &Conversation) -> Completions {
        Completions {
            home: home.clone(),
            file: conversation.file.clone(),
            files: FilenameCompleter::new(),
            line: RefCell::default(),
        }
    }

    /// Returns the line as far as it was typed, and forgets it.
    pub(super) fn take_line(&self) -> String {
        self.line.take()
    }

    /// Returns the possible arguments of a command.
    fn arguments(&self, command: &str) -> Vec<String> {
        match command {
            "model" => suggest::models(&self.home, &self.file),
            "session" => suggest::sessions(&self.home),
            _ => Vec::new(),
        }
    }
}

impl Completer for Completions {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(input) = line.get(..position).and_then(|line| line.strip_prefix('/')) else {
            return Ok((position, Vec::new()));
        };
        match input.split_once(' ') {
            None => Ok((0, commands(input))),
            Some(("save", _)) => self.files.complete(line, position, context),
            Some((command, argument)) => {
                let start = position - argument.len();
                let fitting = self.arguments(command).into_iter();
                let fitting = fitting.filter(|known| known.starts_with(argument));
                Ok((start, fitting.map(|known| pair(known.clone(), known)).collect()))
            }
        }
    }
}

/// Returns the commands that begin with `word`.
fn commands(word: &str) -> Vec<Pair> {
    let fitting = COMMANDS.iter().filter(|(name, _, _)| name.starts_with(word));
    fitting
        .map(|(name, argument, _)| {
            let space = if argument.is_empty() { "" } else { " " };
            pair(format!("/{name}"), format!("/{name}{space}"))
        })
        .collect()
}

fn pair(display: String, replacement: String) -> Pair {
    Pair { display, replacement }
}

impl Hinter for Completions {
    type Hint = String;

    /// Returns no hint, but remembers the line, which the editor drops if it fails.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        line.clone_into(&mut self.line.borrow_mut());
        None
    }
}

impl Highlighter for Completions {}
impl Validator for Completions {}
impl Helper for Completions {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_completed_with_a_space_before_arguments() {
        let replacements =
            |word| -> Vec<String> { commands(word).into_iter().map(|pair| pair.replacement).collect() };
        assert_eq!(replacements("mo"), ["/model "]);
        assert_eq!(replacements("s"), ["/session ", "/system ", "/save "]);
        assert_eq!(replacements("").len(), COMMANDS.len());
        assert!(replacements("x").is_empty());
    }
}
