//! Buffers whose size others decide, and which may not fit into memory.
//!
//! A WebAssembly guest has as much memory as its host lets it have, and an allocation that fails by way of `Vec::push` ends it
//! without a word. What may be large is allocated here, where that is an error.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::hint;

/// What is left free beside a large buffer, for all the small allocations that cannot fail softly: a part of a body as the
/// host hands it over has 64 KB.
const HEADROOM: usize = 256 * 1024;

/// From this size on a buffer is large: it grows by an eighth of its size instead of doubling, and leaves [`HEADROOM`].
const LARGE: usize = 64 * 1024;

/// How often memory is asked for that is not behind a buffer.
const PROBES: usize = 8;

/// What allocators leave between two allocations, at most.
const BETWEEN: usize = 32;

/// Memory that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMemory {
    /// How many bytes were asked for.
    pub bytes: usize,
}

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it does not fit into memory, where {} more bytes cannot be had", self.bytes)
    }
}

impl core::error::Error for NoMemory {}

/// Adds `bytes` to the end of `buffer`.
pub fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NoMemory> {
    reserve(buffer, bytes.len())?;
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// Adds `more` to the end of `text`.
pub fn append_text(text: &mut String, more: &str) -> Result<(), NoMemory> {
    if text.capacity() - text.len() < more.len() {
        let end = text.as_ptr().addr() + text.capacity();
        let room = growth(end, text.len(), more.len())?;
        text.try_reserve_exact(room).map_err(|_| NoMemory { bytes: room })?;
    }
    text.push_str(more);
    Ok(())
}

/// Makes room for `more` bytes in `buffer`.
pub fn reserve(buffer: &mut Vec<u8>, more: usize) -> Result<(), NoMemory> {
    if buffer.capacity() - buffer.len() < more {
        let end = buffer.as_ptr().addr() + buffer.capacity();
        let room = growth(end, buffer.len(), more)?;
        buffer.try_reserve_exact(room).map_err(|_| NoMemory { bytes: room })?;
    }
    Ok(())
}

/// Adds `item` to the end of `list`.
pub fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), NoMemory> {
    list.try_reserve(1).map_err(|_| NoMemory { bytes: (list.len() + 1) * size_of::<T>() })?;
    list.push(item);
    Ok(())
}

/// Returns a copy of `bytes` without room to spare.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut copy = Vec::new();
    append(&mut copy, bytes)?;
    Ok(copy)
}

/// Returns a copy of `text` without room to spare.
pub fn copy_text(text: &str) -> Result<String, NoMemory> {
    let mut copy = String::new();
    append_text(&mut copy, text)?;
    Ok(copy)
}

/// Returns by how many bytes a buffer grows that ends at the address `end`, holds `length` bytes and needs room for `more`.
///
/// An allocator that finds the memory behind a large buffer free lets it grow without a copy, which would take twice the
/// memory for a while. In a guest's memory that is where new memory is added, once there is nothing else to be had: so more
/// than is needed is allocated until it comes from there, and given back.
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
