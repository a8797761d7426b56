//! Starts programs.

use std::{
    ffi::OsString,
    io::{self, Read as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, Result, anyhow, bail};

use super::{complaints::complaints, running};
use crate::shrink::Unavailable;

/// The purpose of a program, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To optimise a module.
    Optimise,
    /// To list its options.
    ListOptions,
}

/// The number of bytes of a program's output that are read. Binaryen writes out a whole module after an error.
const READ: u64 = 1 << 20;

/// Runs a program and returns its standard output.
///
/// # Errors
/// Fails with the program's complaints if it fails, and with the signal if it crashes.
pub(super) fn run(program: &Path, arguments: &[OsString], purpose: Purpose) -> Result<String> {
    let mut child = start(program, arguments)
        .with_context(|| format!("could not start the engine `{}`", program.display()))
        .map_err(Unavailable::wrap)?;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let read_both = || {
        std::thread::scope(|scope| {
            let output = scope.spawn(|| read(output));
            let errors = read(errors);
            (output.join().unwrap_or_default(), errors)
        })
    };
    let (status, (output, errors)) = running::attended(child, read_both)
        .context("could not wait for the engine")
        .map_err(Unavailable::wrap)?;
    if status.success() {
        return Ok(output);
    }
    if was_stopped(status) {
        return Err(Unavailable::wrap(anyhow!("the engine was stopped ({status})")));
    }
    let complaints = complaints(&errors);
    match (end(status), purpose) {
        (Some(signal), _) => bail!("the engine crashed ({signal}): {complaints}"),
        (None, Purpose::Optimise) if !complaints.is_empty() => bail!("{complaints}"),
        (None, _) => bail!("the engine failed with {status}: {complaints}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that starts programs"
)]
fn start(program: &Path, arguments: &[OsString]) -> io::Result<Child> {
    // A pipe that is closed at once serves as `/dev/null`, which an empty container does not have.
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdin.take());
    Ok(child)
}

/// Reads the beginning of a stream, and passes over the rest, so that the program can end.
fn read(stream: Option<impl io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let beginning = stream.by_ref().take(READ).read_to_end(&mut bytes);
        if beginning.is_ok() {
            drop(io::copy(&mut stream, &mut io::sink()));
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns whether somebody asked the program to end: the keyboard, a terminal that was closed, a service manager.
#[cfg(unix)]
fn was_stopped(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;

    const HANGUP: i32 = 1;
    const INTERRUPT: i32 = 2;
    const TERMINATE: i32 = 15;
    matches!(status.signal(), Some(HANGUP | INTERRUPT | TERMINATE))
}

/// Returns whether the program was ended by the keyboard.
#[cfg(not(unix))]
fn was_stopped(status: ExitStatus) -> bool {
    const CONTROL_C: i32 = 0xc000_013a_u32.cast_signed();
    status.code() == Some(CONTROL_C)
}

/// Returns the signal that ended a program.
#[cfg(unix)]
fn end(status: ExitStatus) -> Option<String> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().map(|signal| format!("signal {signal}"))
}

/// Returns the exception that ended a program.
#[cfg(not(unix))]
fn end(status: ExitStatus) -> Option<String> {
    let code = status.code().filter(|code| *code < 0);
    code.map(|code| format!("exception {code:#x}"))
}
