//! The heap of the WebAssembly builds, in place of the C library's.
//!
//! It takes a tenth of the code, and as little memory: a word for each allocation, free neighbours are joined at
//! once, and a buffer grows where it is if the memory behind it is free or new. Time does not depend on the number
//! of blocks: free blocks are in lists by size, of which a few entries are tried at most.

mod lists;
#[cfg(target_os = "wasi")]
mod wasm;

#[cfg(target_os = "wasi")]
pub use self::wasm::{allocate, free};

use std::ptr;

use self::lists::Lists;

/// The size of a block's header.
const WORD: usize = size_of::<usize>();

/// Sizes and addresses of allocations are multiples of this.
const STEP: usize = 2 * WORD;

/// The size of the smallest block: when it is free, a header, two links and its size again at the end.
const SMALLEST: usize = 4 * WORD;

/// The flag in a header that the block is in use.
const USED: usize = 1;

/// The flag in a header that the block before is free: the word before the header is then its size.
const AFTER_FREE: usize = 2;

/// A host's memory.
trait Memory {
    /// Adds at least `bytes` to the end of the memory, and returns the addresses of their first byte and behind their
    /// last one, which are multiples of [`STEP`].
    fn grow(&mut self, bytes: usize) -> Option<(usize, usize)>;
}

/// A heap in `M`.
struct Heap<M> {
    memory: M,
    lists: Lists,
    /// The address behind the last region; the word before it is the header of a block that is never freed.
    end: usize,
}

impl<M: Memory> Heap<M> {
    /// Returns a heap without memory.
    const fn new(memory: M) -> Self {
        Self {
            memory,
            lists: Lists::new(),
            end: 0,
        }
    }

    /// Returns the address of a new allocation, or 0.
    ///
    /// # Safety
    /// The memory belongs to this heap alone. `align` is a power of two.
    unsafe fn allocate(&mut self, size: usize, align: usize) -> usize {
        // Room to move the allocation such that a block remains before it.
        let spare = if align > STEP { align + STEP } else { 0 };
        let Some(need) = block_size(size) else { return 0 };
        // SAFETY: as the caller promises.
        unsafe {
            let Some(mut block) = self.find(need.saturating_add(spare)) else {
                return 0;
            };
            self.lists.remove(block);
            set(block, word(block) | USED);
            let start = block + WORD;
            let mut aligned = start.next_multiple_of(align);
            if aligned != start {
                if aligned - start < SMALLEST {
                    aligned += align;
                }
                let gap = aligned - start;
                set(block + gap, (size_of_block(block) - gap) | USED);
                set(block, gap | USED);
                self.free(start);
                block += gap;
            }
            self.cut(block, need);
            block + WORD
        }
    }

    /// Frees the allocation at `address`.
    ///
    /// # Safety
    /// It is one of this heap, and not used any more.
    unsafe fn free(&mut self, address: usize) {
        let mut block = address - WORD;
        // SAFETY: as the caller promises. A header and the words beside it are memory of this heap.
        unsafe {
            let mut size = size_of_block(block);
            if word(block) & AFTER_FREE != 0 {
                let before = word(block - WORD);
                block -= before;
                size += before;
                self.lists.remove(block);
            }
            size += self.take(block + size);
            self.lists.insert(block, size);
        }
    }

    /// Changes the size of the allocation at `address`, and returns its new address, or 0 if it remains as it is.
    ///
    /// # Safety
    /// It is one of this heap, with at most the alignment of [`STEP`].
    unsafe fn resize(&mut self, address: usize, size: usize) -> usize {
        let Some(need) = block_size(size) else { return 0 };
        let block = address - WORD;
        // SAFETY: as the caller promises.
        unsafe {
            let mut had = size_of_block(block);
            if had < need {
                let mut behind = block + had;
                // The last block grows with the memory.
                if self.end - WORD == behind + free_size(behind) && had + free_size(behind) < need {
                    self.extend(need - had);
                    behind = block + had;
                }
                if had + free_size(behind) >= need {
                    had += self.take(behind);
                    set(block, had | (word(block) & (USED | AFTER_FREE)));
                }
            }
            if had >= need {
                self.cut(block, need);
                return address;
            }
            let new = self.allocate(size, STEP);
            if new != 0 {
                // SAFETY: the old allocation is smaller, and another one.
                ptr::copy_nonoverlapping(pointer(address).cast::<u8>(), pointer(new).cast(), had - WORD);
                self.free(address);
            }
            new
        }
    }

    /// Returns a free block of at least `need` bytes.
    unsafe fn find(&mut self, need: usize) -> Option<usize> {
        // SAFETY: as for `allocate`.
        unsafe {
            let last = self.end.wrapping_sub(WORD);
            if let Some(block) = self.lists.find(need, last) {
                return Some(block);
            }
            self.extend(need);
            self.lists.find(need, self.end.wrapping_sub(WORD))
        }
    }

    /// Adds memory, so that the last block is free and has at least `need` bytes.
    unsafe fn extend(&mut self, need: usize) {
        // SAFETY: as for `allocate`. The words before the end belong to the last region.
        unsafe {
            let mut last = 0;
            if self.end != 0 && word(self.end - WORD) & AFTER_FREE != 0 {
                last = word(self.end - STEP);
            }
            // The header behind it and a first one, should the new region be elsewhere.
            let Some((start, end)) = self.memory.grow(need.saturating_sub(last) + STEP + STEP) else {
                return;
            };
            let mut block = start - WORD;
            let mut flags = USED;
            if start == self.end {
                flags |= word(block) & AFTER_FREE;
            } else {
                block += STEP;
            }
            self.end = end;
            set(end - WORD, USED);
            set(block, (end - WORD - block) | flags);
            self.free(block + WORD);
        }
    }

    /// Removes `block` from the lists if it is free, and returns its size then, else 0.
    unsafe fn take(&mut self, block: usize) -> usize {
        // SAFETY: as for `free`.
        unsafe {
            let size = free_size(block);
            if size != 0 {
                self.lists.remove(block);
            }
            size
        }
    }

    /// Frees the end of a block that is in use, beyond `need` bytes.
    unsafe fn cut(&mut self, block: usize, need: usize) {
        // SAFETY: as for `free`.
        unsafe {
            let rest = size_of_block(block) - need;
            if rest >= SMALLEST {
                set(block, word(block) - rest);
                set(block + need, rest | USED);
                self.free(block + need + WORD);
            }
        }
    }
}

/// Returns the size of the block for an allocation.
fn block_size(size: usize) -> Option<usize> {
    let size = size.checked_add(WORD + STEP - 1)? & !(STEP - 1);
    // No value in Rust is larger than `isize::MAX` bytes.
    (size <= isize::MAX.cast_unsigned()).then_some(size.max(SMALLEST))
}

/// Returns the size of a block.
unsafe fn size_of_block(block: usize) -> usize {
    // SAFETY: as the caller promises.
    unsafe { word(block) & !(USED | AFTER_FREE) }
}

/// Returns the size of a block if it is free, else 0.
unsafe fn free_size(block: usize) -> usize {
    // SAFETY: as the caller promises.
    let header = unsafe { word(block) };
    if header & USED == 0 { header } else { 0 }
}

fn pointer(address: usize) -> *mut usize {
    ptr::with_exposed_provenance_mut(address)
}

/// Returns the word at `address`.
unsafe fn word(address: usize) -> usize {
    // SAFETY: as the caller promises.
    unsafe { pointer(address).read() }
}

/// Writes the word at `address`.
unsafe fn set(address: usize, word: usize) {
    // SAFETY: as the caller promises.
    unsafe { pointer(address).write(word) }
}

#[cfg(test)]
mod tests;
