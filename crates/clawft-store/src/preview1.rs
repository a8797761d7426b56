//! WASI preview 1 functions that all of wasm32-wasip1 needs: reading and writing a descriptor to the end.
//!
//! std and libc for files, streams, clocks and the environment would add 13 KB to the module.

use clawft_types::memory;
pub use wasip1::Errno;
use wasip1::{Ciovec, ERRNO_INTR, ERRNO_IO, ERRNO_NOMEM, Fd, Iovec};

/// The minimum number of bytes to read at once.
const READ_SIZE: usize = 4096;

/// Reads the rest of `descriptor`.
///
/// # Errors
/// The host's error, and `ERRNO_NOMEM` if the data does not fit into memory.
pub fn read_to_end(descriptor: Fd) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    read_into(descriptor, &mut bytes)?;
    Ok(bytes)
}

/// Appends the rest of `descriptor` to `bytes`.
///
/// # Errors
/// As [`read_to_end`].
pub fn read_into(descriptor: Fd, bytes: &mut Vec<u8>) -> Result<(), Errno> {
    loop {
        if bytes.capacity() == bytes.len() {
            memory::reserve(bytes, READ_SIZE).map_err(|_| ERRNO_NOMEM)?;
        }
        let room = bytes.spare_capacity_mut();
        let part = [Iovec {
            buf: room.as_mut_ptr().cast(),
            buf_len: room.len(),
        }];
        // SAFETY: the host writes into the spare capacity, whose length it gets, and nowhere else.
        match unsafe { wasip1::fd_read(descriptor, &part) } {
            Ok(0) => return Ok(()),
            // SAFETY: this many bytes of the spare capacity have been written, and at most all of it.
            Ok(read) => unsafe { bytes.set_len(bytes.len() + read.min(part[0].buf_len)) },
            Err(ERRNO_INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes all `bytes` to `descriptor`.
///
/// # Errors
/// The host's error.
pub fn write_all(descriptor: Fd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let part = [Ciovec {
            buf: bytes.as_ptr(),
            buf_len: bytes.len(),
        }];
        // SAFETY: the host reads the bytes and nothing else.
        match unsafe { wasip1::fd_write(descriptor, &part) } {
            Ok(0) => return Err(ERRNO_IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(ERRNO_INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
