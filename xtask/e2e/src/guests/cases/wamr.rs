//! The cases on WAMR, and the calls of exported functions through its runner.

mod bounds;
mod c_host;
mod command;
mod misuse;
mod providers;
mod turns;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::difference;

use super::Case;
use crate::guests::{context::GuestContext, guest::Guest};

/// Returns the cases for WAMR: calls that WASI preview 1 allows, calls that it does not, and the alternative to
/// those.
pub(super) fn wamr() -> Vec<Case> {
    [
        command::CASES,
        turns::CASES,
        providers::CASES,
        misuse::CASES,
        c_host::CASES,
        super::tools::CASES,
        bounds::CASES,
    ]
    .concat()
}

/// The runner's result of a call.
#[derive(Debug, Deserialize)]
struct Answer {
    result: Outcome,
    /// Pieces of the answer as they arrived.
    pieces: Vec<String>,
    /// Reason why it broke off, if it did.
    incomplete: String,
    /// Warnings for the user.
    warnings: String,
    /// Reason why the turn is not stored, if it is not.
    unstored: String,
    /// The calls of tools, one a line.
    calls: String,
}

#[derive(Debug, Deserialize)]
enum Outcome {
    Ok(String),
    Err(String),
}

impl Answer {
    /// Checks that the result is the whole answer `text`, without warnings.
    fn is(&self, text: &str) -> Result<()> {
        self.is_all_of(text)?;
        ensure!(self.warnings.is_empty(), "warned `{}`", self.warnings);
        ensure!(self.unstored.is_empty(), "not stored: `{}`", self.unstored);
        Ok(())
    }

    /// Checks that the result is the whole answer `text`. The caller checks the warnings.
    fn is_all_of(&self, text: &str) -> Result<()> {
        self.returned(text)?;
        ensure!(self.pieces.concat() == text, "the pieces are {:?}", self.pieces);
        ensure!(self.incomplete.is_empty(), "broke off: `{}`", self.incomplete);
        Ok(())
    }

    /// Checks that the result is `text`.
    fn returned(&self, text: &str) -> Result<()> {
        match &self.result {
            Outcome::Ok(found) if found == text => Ok(()),
            Outcome::Ok(found) => bail!(difference("the result", found, text)),
            Outcome::Err(error) => bail!("failed: `{error}`"),
        }
    }

    /// Checks that the result is an error with all of `parts`.
    fn failed(&self, parts: &[&str]) -> Result<()> {
        let Outcome::Err(text) = &self.result else {
            bail!("returned {:?}", self.result)
        };
        ensure!(
            parts.iter().all(|part| text.contains(part)),
            "the error is `{text}`"
        );
        Ok(())
    }
}

/// Makes `guest` carry out `calls`, all on one instance. It prints nothing.
fn call(guest: Guest<'_>, calls: &[Value]) -> Result<Vec<Answer>> {
    let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
    guest.called().say(&lines)?.answers(calls.len())
}

/// Returns a turn in the session `session`.
fn turn(message: &str, session: &str) -> Value {
    json!({ "turn": { "message": message, "session": session } })
}

/// Runs one turn on `guest`. Returns the answer, and the lines that the command would print to standard error.
pub(super) fn answered(guest: Guest<'_>, message: &str) -> Result<(String, String)> {
    let answer = call(guest, &[turn(message, "")])?.remove(0);
    let warnings = answer.warnings.lines().map(|line| format!("warning: {line}\n"));
    let calls = answer.calls.lines().map(|line| format!("tool: {line}\n"));
    let shown = warnings.chain(calls).collect();
    match answer.result {
        Outcome::Ok(text) => Ok((text.trim_end().to_owned(), shown)),
        Outcome::Err(error) => bail!("failed: `{error}`"),
    }
}

/// Runs one turn in the default session.
fn take(test: &GuestContext<'_>, message: &str) -> Result<Answer> {
    Ok(call(test.wasip1(), &[turn(message, "")])?.remove(0))
}
