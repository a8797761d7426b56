//! The standard streams through std, natively.

use std::io::{self, ErrorKind, Read as _, Write as _};

use super::{Fault, UNREADABLE};

pub(super) fn read() -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).map_err(|_| UNREADABLE)?;
    Ok(bytes)
}

pub(super) fn print(bytes: &[u8]) -> Result<(), Fault> {
    let mut stream = io::stdout();
    stream
        .write_all(bytes)
        .and_then(|()| stream.flush())
        .map_err(fault)
}

pub(super) fn say(bytes: &[u8]) {
    let _ = io::stderr().write_all(bytes);
}

fn fault(error: io::Error) -> Fault {
    if error.kind() == ErrorKind::BrokenPipe {
        Fault::Closed
    } else {
        Fault::Broken
    }
}
