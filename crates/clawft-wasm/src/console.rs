//! The standard streams. None of these functions panics where a stream is closed, as `println!` and `eprintln!` would.

#[cfg_attr(all(target_os = "wasi", target_env = "p2"), path = "console/bindings.rs")]
#[cfg_attr(all(target_os = "wasi", target_env = "p1"), path = "console/preview1.rs")]
#[cfg_attr(not(target_os = "wasi"), path = "console/standard.rs")]
mod backend;

/// Why nothing can be written.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// The reader has gone away.
    Closed,
    /// Anything else.
    Broken,
}

/// Why there is no input.
const UNREADABLE: &str = "standard input cannot be read";

/// Why there is no input on a host that gives the guest little memory.
#[cfg_attr(
    not(target_os = "wasi"),
    expect(dead_code, reason = "std ends a native program that has no memory left")
)]
const TOO_LARGE: &str = "the message on standard input does not fit into memory";

/// All of standard input as text.
///
/// # Errors
/// If it cannot be read, does not fit into memory or is not UTF-8; the error is what to tell the user.
pub fn read_input() -> Result<String, &'static str> {
    let bytes = backend::read()?;
    String::from_utf8(bytes).map_err(|_| "the message on standard input is not UTF-8")
}

/// Writes to standard output at once. A reader that has gone away is no error: nobody misses what is not read.
///
/// # Errors
/// If not all of it could be written; the error is what to tell the user.
pub fn print(text: &str) -> Result<(), &'static str> {
    match backend::print(text.as_bytes()) {
        Err(Fault::Broken) => Err("standard output cannot be written"),
        _ => Ok(()),
    }
}

/// Tells the user something on standard error: `warning: TEXT`, `error: TEXT`.
pub fn say(what: &str, text: &str) {
    // There is nobody left to tell that it cannot be told.
    backend::say([what, ": ", text, "\n"].concat().as_bytes());
}
