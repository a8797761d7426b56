//! The standard streams by std.

use super::Fault;
use std::io::{self, ErrorKind, Read as _, Write as _};

pub(super) fn read() -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    streams::stdin().read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

pub(super) fn print(bytes: &[u8]) -> Result<(), Fault> {
    let mut stream = streams::stdout();
    stream.write_all(bytes).and_then(|()| stream.flush()).map_err(fault)
}

pub(super) fn say(bytes: &[u8]) {
    let _ = streams::stderr().write_all(bytes);
}

fn fault(error: io::Error) -> Fault {
    if error.kind() == ErrorKind::BrokenPipe { Fault::Closed } else { Fault::Broken }
}

#[cfg(not(target_os = "wasi"))]
use std::io as streams;

/// The streams as plain files. Each is used once and whole, so that std's buffers and locks around them would be 3.4 KB of
/// module for nothing.
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
