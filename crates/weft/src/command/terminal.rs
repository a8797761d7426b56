//! The standard streams. Nothing here panics where a stream is closed, as `println!` and `eprintln!` would.

mod clean;
mod spinner;

pub(crate) use clean::Clean;
pub(crate) use spinner::Spinner;

use std::env;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};
use weft_agent::Error;

/// Writes a result to standard output at once. A reader that has gone away is no error: nobody misses what is not read.
///
/// # Errors
/// If not all of it could be written.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut stream = io::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::other(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells the user of an error: `error: TEXT`.
pub(crate) fn say_error(error: &Error) {
    say("error", RED, error);
}

/// Tells the user of what went wrong though all goes on: `warning: TEXT`, a line each.
pub(crate) fn warn<T: Display>(warnings: &[T]) {
    for text in warnings {
        say("warning", YELLOW, text);
    }
}

/// Tells the user something on standard error.
pub(crate) fn hint(text: &str) {
    write_error(&format!("{text}\n"));
}

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const PLAIN: &str = "\x1b[0m";

fn say(what: &str, colour: &str, text: &dyn Display) {
    let mark = if has_colour() { format!("{colour}{what}:{PLAIN}") } else { format!("{what}:") };
    write_error(&format!("{mark} {text}\n"));
}

fn write_error(text: &str) {
    // There is nobody left to tell that it cannot be told.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whether standard error is a terminal that moves its cursor when it is told to.
fn is_lively() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn has_colour() -> bool {
    is_lively() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether a person sits before both ends.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
