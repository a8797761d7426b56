//! The standard streams through the host's interfaces: libc and std would add buffers, locks and checks for a
//! terminal.

use super::{Fault, TOO_LARGE, UNREADABLE};
use clawft_types::memory;
use wasip2::cli::{stderr, stdin, stdout};
use wasip2::io::streams::{OutputStream, StreamError};

/// The number of bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// The maximum number of bytes that a host accepts at once.
const WRITE_SIZE: usize = 4096;

pub(super) fn read() -> Result<Vec<u8>, &'static str> {
    let stream = stdin::get_stdin();
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ_SIZE) {
            Ok(part) => memory::append(&mut bytes, &part).map_err(|_| TOO_LARGE)?,
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(UNREADABLE),
        }
    }
}

pub(super) fn print(bytes: &[u8]) -> Result<(), Fault> {
    write(&stdout::get_stdout(), bytes)
}

pub(super) fn say(bytes: &[u8]) {
    let _ = write(&stderr::get_stderr(), bytes);
}

fn write(stream: &OutputStream, bytes: &[u8]) -> Result<(), Fault> {
    for part in bytes.chunks(WRITE_SIZE) {
        stream
            .blocking_write_and_flush(part)
            .map_err(|error| match error {
                StreamError::Closed => Fault::Closed,
                StreamError::LastOperationFailed(_) => Fault::Broken,
            })?;
    }
    Ok(())
}
