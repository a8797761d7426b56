//! The standard streams through WASI preview 1, on wasm32-wasip1.

use clawft_store::preview1::{read_to_end, write_all};
use wasip1::{ERRNO_NOMEM, ERRNO_PIPE, FD_STDERR, FD_STDIN, FD_STDOUT};

use super::{Fault, TOO_LARGE, UNREADABLE};

pub(super) fn read() -> Result<Vec<u8>, &'static str> {
    read_to_end(FD_STDIN).map_err(|error| {
        if error == ERRNO_NOMEM {
            TOO_LARGE
        } else {
            UNREADABLE
        }
    })
}

pub(super) fn print(bytes: &[u8]) -> Result<(), Fault> {
    write_all(FD_STDOUT, bytes).map_err(|error| {
        if error == ERRNO_PIPE {
            Fault::Closed
        } else {
            Fault::Broken
        }
    })
}

pub(super) fn say(bytes: &[u8]) {
    let _ = write_all(FD_STDERR, bytes);
}
