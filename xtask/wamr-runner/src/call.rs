//! The exported functions, called as by a host that embeds the module: many calls on one instance.

use std::io::{self, BufRead as _, Write as _};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::{
    guest::{self, Guest},
    turn::{self, TurnResult},
};

/// A line of standard input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Call {
    /// A turn of the agent, with the network of this host.
    Turn { message: String, session: String },
    /// An exported function. Its return value is the result, as a signed number.
    Function(String, Vec<Argument>),
    /// The text of a turn by their numbers.
    Text(i32, u32),
}

/// An argument of a function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Argument {
    /// A parameter.
    Number(i64),
    /// Two parameters: the address of the text in the guest's memory, and its length.
    Text(String),
    /// Two parameters for bytes that are no text.
    Bytes { bytes: Vec<u8> },
}

/// A line of standard output.
#[derive(Debug, Serialize)]
struct Answer {
    result: Result<String, String>,
    /// The deltas of a turn's answer.
    pieces: Vec<String>,
    /// The reason why a turn's answer broke off.
    incomplete: String,
    /// The warnings of a turn.
    warnings: String,
    /// The reason why a turn is not stored.
    unstored: String,
    /// The calls of tools in a turn.
    calls: String,
}

/// Answers the calls on standard input one after the other, on one instance. Returns the exit code of
/// success, whatever the results of the calls; a trap is an error.
pub(crate) fn answer_lines(guest: &mut Guest) -> Result<u8> {
    for line in io::stdin().lock().lines() {
        let line = line.context("could not read standard input")?;
        let call = serde_json::from_str(&line).with_context(|| format!("`{line}` is not a call"))?;
        let answer = answer(guest, call)?;
        println!("{}", serde_json::to_string(&answer)?);
        io::stdout().flush()?;
    }
    Ok(0)
}

fn answer(guest: &mut Guest, call: Call) -> Result<Answer> {
    match call {
        Call::Turn { message, session } => {
            let TurnResult {
                result,
                pieces,
                incomplete,
                warnings,
                unstored,
                calls,
            } = turn::take(guest, &message, &session)?;
            Ok(Answer {
                result,
                pieces,
                incomplete,
                warnings,
                unstored,
                calls,
            })
        }
        Call::Function(name, arguments) => {
            let cells = lend_all(guest, &arguments)?;
            plain(guest.call(&name, &cells)?.cast_signed().to_string())
        }
        Call::Text(turn, which) => {
            let bytes = turn::text(guest, turn.cast_unsigned(), which)?;
            plain(guest::text(bytes)?)
        }
    }
}

fn plain(result: String) -> Result<Answer> {
    let [incomplete, warnings, unstored, calls] = Default::default();
    Ok(Answer {
        result: Ok(result),
        pieces: Vec::new(),
        incomplete,
        warnings,
        unstored,
        calls,
    })
}

/// Converts the arguments for the function. Their memory is not freed, because there is little of it, and the
/// instance ends soon.
fn lend_all(guest: &mut Guest, arguments: &[Argument]) -> Result<Vec<u32>> {
    let mut cells = Vec::new();
    for argument in arguments {
        let bytes = match argument {
            // Numbers may be written signed or unsigned; the bits are the same.
            Argument::Number(number) => {
                cells.push(*number as u32);
                continue;
            }
            Argument::Text(text) => text.as_bytes(),
            Argument::Bytes { bytes } => bytes,
        };
        let (address, size) = turn::lend(guest, bytes)?;
        cells.extend([address, size]);
    }
    Ok(cells)
}
