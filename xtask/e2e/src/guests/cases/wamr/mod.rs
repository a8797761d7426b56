//! The cases on WAMR, and the calls of exported functions through its runner.

mod bounds;
mod c_host;
mod command;
mod misuse;
mod turns;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::difference;

use super::Case;
use crate::guests::{context::GuestContext, guest::Guest};

/// The cases for WAMR: what WASI preview 1 allows, what it does not, and the way around that.
pub(super) fn wamr() -> Vec<Case> {
    [command::CASES, turns::CASES, misuse::CASES, c_host::CASES, bounds::CASES].concat()
}

/// The runner's answer to a call.
#[derive(Debug, Deserialize)]
struct Answer {
    result: Outcome,
    /// The answer as it arrived.
    pieces: Vec<String>,
    /// Why it broke off, if it did.
    incomplete: String,
    /// Warnings for the user.
    warnings: String,
    /// Why the turn is not stored, if it is not.
    unstored: String,
}

#[derive(Debug, Deserialize)]
enum Outcome {
    Ok(String),
    Err(String),
}

impl Answer {
    /// It is the whole answer `text`, and there is nothing else to tell.
    fn is(&self, text: &str) -> Result<()> {
        self.is_all_of(text)?;
        ensure!(self.warnings.is_empty(), "warned `{}`", self.warnings);
        ensure!(self.unstored.is_empty(), "not stored: `{}`", self.unstored);
        Ok(())
    }

    /// It is the whole answer `text`. Warnings are the caller's to judge.
    fn is_all_of(&self, text: &str) -> Result<()> {
        self.returned(text)?;
        ensure!(self.pieces.concat() == text, "the pieces are {:?}", self.pieces);
        ensure!(self.incomplete.is_empty(), "broke off: `{}`", self.incomplete);
        Ok(())
    }

    /// It is `text`.
    fn returned(&self, text: &str) -> Result<()> {
        match &self.result {
            Outcome::Ok(found) if found == text => Ok(()),
            Outcome::Ok(found) => bail!(difference("what was returned", found, text)),
            Outcome::Err(error) => bail!("failed: `{error}`"),
        }
    }

    /// It is an error that holds all of `parts`.
    fn failed(&self, parts: &[&str]) -> Result<()> {
        let Outcome::Err(text) = &self.result else { bail!("returned {:?}", self.result) };
        ensure!(parts.iter().all(|part| text.contains(part)), "the error is `{text}`");
        Ok(())
    }
}

/// Has `guest` make `calls`, all on one instance. It prints nothing.
fn call(guest: Guest<'_>, calls: &[Value]) -> Result<Vec<Answer>> {
    let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
    guest.called().say(&lines)?.answers(calls.len())
}

/// A turn in the conversation `session`.
fn turn(message: &str, session: &str) -> Value {
    json!({ "turn": { "message": message, "session": session } })
}

/// Takes one turn in the default conversation.
fn take(test: &GuestContext<'_>, message: &str) -> Result<Answer> {
    Ok(call(test.wasip1(), &[turn(message, "")])?.remove(0))
}
