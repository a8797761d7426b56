//! The standard streams. Unlike `println!` and `eprintln!`, none of these functions panics if a stream is
//! closed.

use clawft_types::join;

#[cfg_attr(all(target_os = "wasi", target_env = "p2"), path = "console/bindings.rs")]
#[cfg_attr(all(target_os = "wasi", target_env = "p1"), path = "console/preview1.rs")]
#[cfg_attr(not(target_os = "wasi"), path = "console/standard.rs")]
mod backend;

/// The reason why a write fails.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// The reader has closed the stream.
    Closed,
    /// Anything else.
    Broken,
}

/// The error message for a failed read.
const UNREADABLE: &str = "standard input cannot be read";

/// The error message for input that does not fit into the guest's memory.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "std ends a native program that has no memory left")
)]
const TOO_LARGE: &str = "the message on standard input does not fit into memory";

/// Reads all of standard input as text.
///
/// # Errors
/// If it cannot be read, does not fit into memory or is not UTF-8; the error is the message for the user.
pub fn read_input() -> Result<String, &'static str> {
    let bytes = backend::read()?;
    String::from_utf8(bytes).map_err(|_| "the message on standard input is not UTF-8")
}

/// Writes to standard output at once. A reader that has closed the stream is not an error, because it wants no
/// more output.
///
/// # Errors
/// If not all of it could be written; the error is the message for the user.
pub fn print(text: &str) -> Result<(), &'static str> {
    match backend::print(text.as_bytes()) {
        Err(Fault::Broken) => Err("standard output cannot be written"),
        _ => Ok(()),
    }
}

/// Prints a message to standard error: `warning: TEXT`, `error: TEXT`.
pub fn say(what: &str, text: &str) {
    // A failure cannot be reported anywhere.
    backend::say(join!(what, ": ", text, "\n").as_bytes());
}
