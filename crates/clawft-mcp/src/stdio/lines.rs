//! Lines out of bytes that are split anywhere.

use alloc::vec::Vec;
use core::mem;

use clawft_types::memory::{self, NoMemory};

/// The line so far.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// Returns the next complete line, and removes what it has read from the front of `bytes`.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, NoMemory> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        memory::append(&mut self.0, part)?;
        *bytes = rest.get(1..).unwrap_or_default();
        Ok(end.map(|_| mem::take(&mut self.0)))
    }
}
