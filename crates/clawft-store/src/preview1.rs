//! What everything on wasm32-wasip1 needs of WASI preview 1 itself: reading and writing a descriptor to the end.
//!
//! By way of std and libc the files, streams, clocks and the environment would be 13 KB more of module.

use clawft_types::memory;
pub use wasip1::Errno;
use wasip1::{Ciovec, ERRNO_INTR, ERRNO_IO, ERRNO_NOMEM, Fd, Iovec};

/// How many bytes are asked for at once, at least.
const READ_SIZE: usize = 4096;

/// All that is left to read of `descriptor`.
///
/// # Errors
/// The host's, and `ERRNO_NOMEM` if it does not fit into memory.
pub fn read_to_end(descriptor: Fd) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    read_into(descriptor, &mut bytes)?;
    Ok(bytes)
}

/// Adds to `bytes` all that is left to read of `descriptor`.
///
/// # Errors
/// As [`read_to_end`].
pub fn read_into(descriptor: Fd, bytes: &mut Vec<u8>) -> Result<(), Errno> {
    loop {
        if bytes.capacity() == bytes.len() {
            memory::reserve(bytes, READ_SIZE).map_err(|_| ERRNO_NOMEM)?;
        }
        let room = bytes.spare_capacity_mut();
        let part = [Iovec { buf: room.as_mut_ptr().cast(), buf_len: room.len() }];
        // SAFETY: the host writes into nothing but the room, of the length that goes with it.
        match unsafe { wasip1::fd_read(descriptor, &part) } {
            Ok(0) => return Ok(()),
            // SAFETY: so many bytes of the room have been written, and there are no more of it.
            Ok(read) => unsafe { bytes.set_len(bytes.len() + read.min(part[0].buf_len)) },
            Err(ERRNO_INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes all `bytes` to `descriptor`.
///
/// # Errors
/// The host's.
pub fn write_all(descriptor: Fd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let part = [Ciovec { buf: bytes.as_ptr(), buf_len: bytes.len() }];
        // SAFETY: the host reads nothing but the bytes.
        match unsafe { wasip1::fd_write(descriptor, &part) } {
            Ok(0) => return Err(ERRNO_IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(ERRNO_INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
