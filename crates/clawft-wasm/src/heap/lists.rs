//! The free blocks of a heap, in lists by size.

use super::{AFTER_FREE, STEP, WORD, set, word};

/// The number of lists: four for each power of two.
const LISTS: usize = 4 * usize::BITS as usize;

/// The number of lists that a word of [`Lists::filled`] describes.
const PER_WORD: usize = usize::BITS as usize;

/// The number of blocks in the list for a size that are tried before a larger block is cut.
const TRIES: u32 = 8;

/// Free blocks. A free block holds its size in its header, the addresses of the next and of the previous block of its
/// list behind it, and its size again in its last word.
pub(super) struct Lists {
    /// The first block of each list, or 0.
    first: [usize; LISTS],
    /// A bit for each list that is not empty.
    filled: [usize; LISTS / PER_WORD],
}

impl Lists {
    pub(super) const fn new() -> Self {
        Self {
            first: [0; LISTS],
            filled: [0; LISTS / PER_WORD],
        }
    }

    /// Returns a block of at least `need` bytes. It remains in its list. The block that ends at `last` is the last
    /// choice, so that a buffer before it can grow.
    ///
    /// # Safety
    /// All blocks in the lists are free memory.
    pub(super) unsafe fn find(&self, need: usize, last: usize) -> Option<usize> {
        let mut found = None;
        let mut list = list_of(need);
        loop {
            let mut block = *self.first.get(list)?;
            for _ in 0..TRIES {
                if block == 0 {
                    break;
                }
                // SAFETY: as the caller promises.
                let (size, next) = unsafe { (word(block), word(block + WORD)) };
                if size >= need {
                    if block + size != last {
                        return Some(block);
                    }
                    found = Some(block);
                }
                block = next;
            }
            let Some(later) = self.filled_from(list + 1) else {
                return found;
            };
            list = later;
        }
    }

    /// Returns the first list from `list` on that is not empty.
    fn filled_from(&self, list: usize) -> Option<usize> {
        let mut index = list / PER_WORD;
        let mut filled = self.filled.get(index)? & (usize::MAX << (list % PER_WORD));
        while filled == 0 {
            index += 1;
            filled = *self.filled.get(index)?;
        }
        Some(index * PER_WORD + filled.trailing_zeros() as usize)
    }

    /// Adds a block of `size` bytes between two that are in use.
    ///
    /// # Safety
    /// It is free memory of the heap, and a header is behind it.
    pub(super) unsafe fn insert(&mut self, block: usize, size: usize) {
        let list = list_of(size);
        let (Some(first), Some(filled)) = (self.first.get_mut(list), self.filled.get_mut(list / PER_WORD))
        else {
            return;
        };
        let next = *first;
        *first = block;
        *filled |= 1 << (list % PER_WORD);
        let behind = block + size;
        // SAFETY: as the caller promises.
        unsafe {
            set(block, size);
            set(block + WORD, next);
            set(block + STEP, 0);
            set(behind - WORD, size);
            set(behind, word(behind) | AFTER_FREE);
            if next != 0 {
                set(next + STEP, block);
            }
        }
    }

    /// Removes a block, without marking it as used.
    ///
    /// # Safety
    /// It is in a list.
    pub(super) unsafe fn remove(&mut self, block: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            let size = word(block);
            let next = word(block + WORD);
            let previous = word(block + STEP);
            let behind = block + size;
            set(behind, word(behind) & !AFTER_FREE);
            if next != 0 {
                set(next + STEP, previous);
            }
            if previous != 0 {
                set(previous + WORD, next);
                return;
            }
            let list = list_of(size);
            if let Some(first) = self.first.get_mut(list) {
                *first = next;
            }
            if next == 0
                && let Some(filled) = self.filled.get_mut(list / PER_WORD)
            {
                *filled &= !(1 << (list % PER_WORD));
            }
        }
    }
}

/// Returns the list of the blocks of `size` bytes: the highest bit of the number of steps, and the two below it.
fn list_of(size: usize) -> usize {
    let steps = size / STEP;
    // At least 2 steps are in each block.
    let highest = steps.ilog2() as usize;
    highest * 4 + ((steps << 2 >> highest) & 3)
}

/// Whether a header belongs to a block that is in use.
#[cfg(test)]
pub(super) fn is_used(header: usize) -> bool {
    header & super::USED != 0
}
