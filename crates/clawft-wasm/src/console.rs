//! The standard streams. None of these functions panics where a stream is closed, as `println!` and `eprintln!` would.

use std::io::{self, Read, Write};

/// All of standard input as text.
///
/// # Errors
/// If it cannot be read or is not UTF-8; the error is what to tell the user.
pub fn read_input() -> Result<String, &'static str> {
    let mut bytes = Vec::new();
    streams::stdin().read_to_end(&mut bytes).map_err(|_| "standard input cannot be read")?;
    String::from_utf8(bytes).map_err(|_| "the message on standard input is not UTF-8")
}

/// Writes a line to standard output. A reader that has gone away is the error [`io::ErrorKind::BrokenPipe`].
///
/// # Errors
/// If not all of it could be written.
pub fn print(text: &str) -> io::Result<()> {
    let line = [text, "\n"].concat();
    let mut out = streams::stdout();
    out.write_all(line.as_bytes())?;
    out.flush()
}

/// Tells the user something on standard error: `warning: TEXT`, `error: TEXT`.
pub fn say(what: &str, text: &str) {
    let line = [what, ": ", text, "\n"].concat();
    // There is nobody left to tell that it cannot be told.
    let _ = streams::stderr().write_all(line.as_bytes());
}

#[cfg(not(target_os = "wasi"))]
use std::io as streams;

/// The streams as plain files. Each is used once and whole, so that std's buffers and locks around them would be 3.4 KB of
/// component for nothing.
#[cfg(target_os = "wasi")]
mod streams {
    use std::fs::File;
    use std::mem::ManuallyDrop;
    use std::os::fd::{FromRawFd, RawFd};

    pub(super) fn stdin() -> ManuallyDrop<File> {
        stream(0)
    }

    pub(super) fn stdout() -> ManuallyDrop<File> {
        stream(1)
    }

    pub(super) fn stderr() -> ManuallyDrop<File> {
        stream(2)
    }

    fn stream(descriptor: RawFd) -> ManuallyDrop<File> {
        // SAFETY: the standard streams are open from start to end of the process; never dropped, it is never closed here.
        ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) })
    }
}
