//! Questions on the terminal, each with a default.

use std::io::{self, IsTerminal as _};

use weft_agent::Error;

use crate::command::terminal;

/// Whether and how questions are asked.
pub(super) struct Questions {
    /// Whether the defaults are taken: `--yes`.
    silent: bool,
}

impl Questions {
    pub(super) fn new(silent: bool) -> Questions {
        Questions { silent }
    }

    /// Returns the answer that is `given` already, else the user's, else the default.
    ///
    /// # Errors
    /// If nobody can be asked and there is no default.
    pub(super) fn answer(
        &self,
        given: Option<&str>,
        name: &str,
        hint: Option<&str>,
        default: Option<&str>,
    ) -> Result<String, Error> {
        if let Some(given) = given {
            return Ok(given.trim().to_owned());
        }
        if self.silent {
            return default
                .map(str::to_owned)
                .ok_or_else(|| unanswered(name, "it has no default"));
        }
        if !is_terminal() {
            return Err(unanswered(name, "or take the defaults with `--yes`"));
        }
        if let Some(hint) = hint {
            terminal::hint(hint);
        }
        let default_shown = default.map_or(String::new(), |default| format!(" [{default}]"));
        loop {
            let line = ask(&format!("{name}{default_shown}: "))?;
            match (line.trim(), default) {
                ("", Some(default)) => return Ok(default.to_owned()),
                ("", None) => {}
                (line, _) => return Ok(line.to_owned()),
            }
        }
    }

    /// Asks until `check` accepts the answer, and returns what it makes of it.
    ///
    /// # Errors
    /// As [`Self::answer`], and where nobody can be asked again, that of `check`.
    pub(super) fn checked<T>(
        &self,
        name: &str,
        hint: Option<&str>,
        default: Option<&str>,
        check: impl Fn(String) -> Result<T, Error>,
    ) -> Result<T, Error> {
        loop {
            match check(self.answer(None, name, hint, default)?) {
                Err(error) if self.are_answered() => terminal::warn(&[error]),
                checked => return checked,
            }
        }
    }

    /// Returns whether somebody answers.
    pub(super) fn are_answered(&self) -> bool {
        !self.silent && is_terminal()
    }

    /// Returns whether the user agrees. Without a user, the answer is no.
    ///
    /// # Errors
    /// If the terminal cannot be read.
    pub(super) fn agree(&self, question: &str) -> Result<bool, Error> {
        if self.silent || !is_terminal() {
            return Ok(false);
        }
        let line = ask(&format!("{question} [y/N] "))?;
        Ok(terminal::is_yes(&line))
    }
}

fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn unanswered(name: &str, advice: &str) -> Error {
    let mut letters = name.chars();
    let name: String = letters
        .next()
        .iter()
        .flat_map(|c| c.to_lowercase())
        .chain(letters)
        .collect();
    Error::other(format!(
        "nobody can be asked for the {name}: give it as an option, {advice}; see `weft init --help`"
    ))
}

fn ask(question: &str) -> Result<String, Error> {
    terminal::ask(question);
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    match read {
        Ok(0) => Err(Error::other(
            "the questions were not answered, and nothing was written",
        )),
        Ok(_) => Ok(line),
        Err(error) => Err(Error::other(format!("the terminal cannot be read: {error}"))),
    }
}
