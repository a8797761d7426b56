//! Buffers whose size is decided by a server or a file, and that may not fit into memory.
//!
//! A WebAssembly guest has as much memory as its host allows, and a failed allocation in `Vec::push` aborts
//! it without a message. Large buffers are allocated here instead, where a failed allocation is an error.

use alloc::{string::String, vec::Vec};
use core::hint;

use crate::{display_message, join, text::number};

/// The memory that stays free beside a large buffer, for the small allocations that abort if they fail: a
/// part of a body arrives from the host in 64 KB.
const HEADROOM: usize = 256 * 1024;

/// From this size on a buffer is large: it grows by an eighth of its size instead of doubling, and keeps
/// [`HEADROOM`] free.
const LARGE: usize = 64 * 1024;

/// The number of trial allocations that do not lie directly after the buffer.
const PROBES: usize = 8;

/// The largest gap that allocators leave between two allocations.
const BETWEEN: usize = 32;

/// A failed allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMemory {
    /// The number of bytes requested.
    pub bytes: usize,
}

impl NoMemory {
    /// Returns the error message.
    pub fn message(&self) -> String {
        join!(
            "it does not fit into memory, where ",
            &number(self.bytes as u64),
            " more bytes cannot be had"
        )
    }
}

display_message!(NoMemory);

impl core::error::Error for NoMemory {}

/// Appends `bytes` to `buffer`.
pub fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NoMemory> {
    reserve(buffer, bytes.len())?;
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// Appends `more` to `text`.
pub fn append_text(text: &mut String, more: &str) -> Result<(), NoMemory> {
    if text.capacity() - text.len() < more.len() {
        let end = text.as_ptr().addr() + text.capacity();
        let room = growth(end, text.len(), more.len())?;
        text.try_reserve_exact(room)
            .map_err(|_| NoMemory { bytes: room })?;
    }
    text.push_str(more);
    Ok(())
}

/// Reserves room for `more` bytes in `buffer`.
pub fn reserve(buffer: &mut Vec<u8>, more: usize) -> Result<(), NoMemory> {
    if buffer.capacity() - buffer.len() < more {
        let end = buffer.as_ptr().addr() + buffer.capacity();
        let room = growth(end, buffer.len(), more)?;
        buffer
            .try_reserve_exact(room)
            .map_err(|_| NoMemory { bytes: room })?;
    }
    Ok(())
}

/// Appends `item` to `list`.
pub fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), NoMemory> {
    make_room(list, 1)?;
    list.push(item);
    Ok(())
}

/// Reserves room for `more` items in `list`.
pub fn make_room<T>(list: &mut Vec<T>, more: usize) -> Result<(), NoMemory> {
    list.try_reserve(more).map_err(|_| NoMemory {
        bytes: (list.len() + more) * size_of::<T>(),
    })
}

/// Returns a copy of `bytes` without spare capacity.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut copy = Vec::new();
    append(&mut copy, bytes)?;
    Ok(copy)
}

/// Returns a copy of `text` without spare capacity.
pub fn copy_text(text: &str) -> Result<String, NoMemory> {
    let mut copy = String::new();
    append_text(&mut copy, text)?;
    Ok(copy)
}

/// Returns by how many bytes to grow a buffer that ends at the address `end`, holds `length` bytes and needs
/// room for `more`.
///
/// An allocator can grow a large buffer in place if the memory directly after it is free; a copy would need
/// twice the memory for a while. New memory is added to the end of a guest's memory when nothing else is
/// free. So this allocates memory until an allocation lies directly after the buffer, and then frees all of
/// it.
fn growth(end: usize, length: usize, more: usize) -> Result<usize, NoMemory> {
    if length.saturating_add(more) < LARGE {
        return Ok(more.max(length));
    }
    let room = more.max(length / 8);
    let mut probes: [Vec<u8>; PROBES] = Default::default();
    for (count, probe) in probes.iter_mut().enumerate() {
        match probe.try_reserve_exact(room.saturating_add(HEADROOM)) {
            Err(_) if count == 0 => return Err(NoMemory { bytes: room }),
            Ok(()) if probe.as_ptr().addr().wrapping_sub(end) > BETWEEN => {}
            _ => break,
        }
    }
    hint::black_box(&probes);
    Ok(room)
}
