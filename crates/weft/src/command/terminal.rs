//! The standard streams. Unlike `println!` and `eprintln!`, nothing here panics if a stream is closed.

mod draft;
mod hold;
mod markdown;
mod sanitize;
mod spinner;

pub(crate) use draft::Draft;
pub(crate) use hold::{Hold, Typed, discard_input, hold_again, read_line, restore};
pub(crate) use markdown::Markdown;
pub(crate) use sanitize::Sanitizer;
pub(crate) use spinner::Spinner;

use std::{
    env,
    fmt::Display,
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use clawft_store::FsFault;
use weft_agent::Error;

/// Writes a result to standard output, and flushes it. It is not an error if the reader has closed the stream.
///
/// # Errors
/// If it could not be written completely.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut stream = io::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) => output_error(error),
        Ok(()) => Ok(()),
    }
}

/// Returns the error of a write to standard output; none if the reader has closed the stream.
pub(crate) fn output_error(error: io::Error) -> Result<(), Error> {
    match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => {
            let cause = FsFault::from(error);
            Err(Error::other(format!(
                "standard output cannot be written: {cause}"
            )))
        }
    }
}

/// Prints an error: `error: TEXT`.
pub(crate) fn print_error(error: &Error) {
    say("error", RED, error);
}

/// Prints warnings, on one line each: `warning: TEXT`.
pub(crate) fn warn<T: Display>(warnings: &[T]) {
    for text in warnings {
        say("warning", YELLOW, text);
    }
}

/// Prints a hint on standard error.
pub(crate) fn hint(text: &str) {
    write_error(&format!("{text}\n"));
}

/// Prints a hint on standard error after this time, unless the returned sender is dropped before.
pub(crate) fn hint_after(time: Duration, text: &'static str) -> Sender<()> {
    let (done, waits) = mpsc::channel();
    thread::spawn(move || {
        if waits.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            hint(text);
        }
    });
    done
}

/// Prints a line of a tool's call on standard error, dimmed if it has colours.
pub(crate) fn note(text: &str) {
    if has_colour() {
        write_error(&format!("{DIM}{text}{PLAIN}\n"));
    } else {
        write_error(&format!("{text}\n"));
    }
}

/// Prints the reason why a call failed, below the line of the call.
pub(crate) fn note_failure(reason: &str) {
    let reason = Sanitizer::for_errors().text(reason).into_owned();
    let line: String = format!("      failed: {reason}").chars().take(size().0).collect();
    note(&line);
}

/// Prints the effect of a call on standard error. A difference has colours, line by line.
pub(crate) fn preview(text: &str) {
    let text = text.trim_end();
    if !has_colour() || !text.starts_with("--- ") {
        return hint(text);
    }
    for line in text.lines() {
        let colour = match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => BOLD,
            Some(b'+') => GREEN,
            Some(b'-') => RED,
            Some(b'@') => CYAN,
            _ => PLAIN,
        };
        write_error(&format!("{colour}{line}{PLAIN}\n"));
    }
}

/// Prints a question on standard error. The cursor stays behind it.
pub(crate) fn ask(question: &str) {
    write_error(question);
}

/// Returns whether the answer to a question is yes.
pub(crate) fn is_yes(line: &str) -> bool {
    ["y", "yes"]
        .iter()
        .any(|yes| line.trim().eq_ignore_ascii_case(yes))
}

/// Whether Ctrl-C was pressed during the current answer.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Notes that Ctrl-C was pressed, or that an answer begins.
pub(crate) fn set_interrupted(is_interrupted: bool) {
    INTERRUPTED.store(is_interrupted, Ordering::SeqCst);
}

/// Returns whether Ctrl-C was pressed during the current answer. Questions end then.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Prints a part of the model's reasoning to standard error, dimmed if it has colours.
pub(crate) fn print_reasoning(text: &str) {
    let text = Sanitizer::for_errors().text(text);
    if has_colour() {
        write_error(&format!("{DIM}{text}{PLAIN}"));
    } else {
        write_error(&text);
    }
}

const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const GREEN: &str = "\x1b[1;32m";
const CYAN: &str = "\x1b[36m";
const YELLOW: &str = "\x1b[1;33m";
const PLAIN: &str = "\x1b[0m";

fn say(what: &str, colour: &str, text: &dyn Display) {
    let mark = if has_colour() {
        format!("{colour}{what}:{PLAIN}")
    } else {
        format!("{what}:")
    };
    write_error(&format!("{mark} {text}\n"));
}

fn write_error(text: &str) {
    // An error on standard error cannot be reported anywhere.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Returns whether standard error is a terminal with a movable cursor.
fn has_cursor() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn has_colour() -> bool {
    has_cursor() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns whether answers can be shown with colours.
pub(crate) fn shows_styles() -> bool {
    let is_plain = |name: &str, value: &str| env::var_os(name).is_some_and(|set| set == value);
    io::stdout().is_terminal()
        && !is_plain("TERM", "dumb")
        && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns the numbers of columns and rows of the terminal.
pub(crate) fn size() -> (usize, usize) {
    let (columns, rows) = known_size().unwrap_or_default();
    let or = |number: usize, usual| if number == 0 { usual } else { number };
    (or(columns, 80), or(rows, 24))
}

#[cfg(unix)]
fn known_size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    Some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

#[cfg(not(unix))]
fn known_size() -> Option<(usize, usize)> {
    None
}

/// Returns whether standard input and standard output are terminals.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
