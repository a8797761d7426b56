//! The standard streams through the host's interfaces: libc and std would add buffers, locks and checks for a
//! terminal.

use clawft_types::memory;
use wasip2::{
    cli::{stderr, stdin, stdout},
    io::streams::{OutputStream, StreamError},
};

use super::{Fault, TOO_LARGE, UNREADABLE};

/// The number of bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// The maximum number of bytes that a host writes and flushes at once.
const FLUSHED_SIZE: usize = 4096;

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

/// Writes as much at once as the host takes. Only the last part is flushed, and parts for which there is no room: the
/// host may answer each flush with a system call.
fn write(stream: &OutputStream, bytes: &[u8]) -> Result<(), Fault> {
    write_all(stream, bytes).map_err(|error| match error {
        StreamError::Closed => Fault::Closed,
        StreamError::LastOperationFailed(_) => Fault::Broken,
    })
}

fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = match bytes.len() {
            0..=FLUSHED_SIZE => 0,
            length => length.min(usize::try_from(stream.check_write()?).unwrap_or(usize::MAX)),
        };
        let (part, rest) = bytes.split_at(room.max(FLUSHED_SIZE.min(bytes.len())));
        match part.len() {
            0..=FLUSHED_SIZE => stream.blocking_write_and_flush(part)?,
            _ => stream.write(part)?,
        }
        bytes = rest;
    }
    Ok(())
}
