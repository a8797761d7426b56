//! Results of the host in memory.

/// Memory for a result with a value of two words, or with an `error-code` of `wasi:http`: the result in the first word,
/// the value or the code's variant from the third one on, and the content of the variant from the fifth one on.
#[repr(C, align(8))]
pub(super) struct Area([u32; 10]);

/// An error code of `wasi:http`: the number of its variant.
pub(super) type ErrorCode = u8;

/// The result of an area that the host has not written.
const UNWRITTEN: u32 = 0xff;

/// The variant for an error that has no other one.
const INTERNAL_ERROR: u32 = 38;

impl Area {
    /// A value without content: no trailers, or success.
    pub(super) const DONE: Self = Self([0; 10]);
    /// An internal error without a text.
    pub(super) const FAILED: Self = Self([1, 0, INTERNAL_ERROR, 0, 0, 0, 0, 0, 0, 0]);

    /// Returns memory for a result.
    pub(super) fn new() -> Self {
        Self([UNWRITTEN, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Takes the result that the host has written; `None` if it has written none. The text of an error is dropped.
    pub(super) fn take(&mut self) -> Option<Result<[u32; 2], ErrorCode>> {
        let result = low_byte(self.0[0]);
        self.0[0] = UNWRITTEN;
        match result {
            0 => Some(Ok([self.0[2], self.0[3]])),
            1 => {
                self.drop_text();
                Some(Err(low_byte(self.0[2])))
            }
            _ => None,
        }
    }

    fn drop_text(&self) {
        let Self([_, _, number, _, first, second, third, fourth, ..]) = *self;
        let (has_text, start, length) = match low_byte(number) {
            1 | 24 | 27 | 30..=32 | 38 => (first, second, third),
            14 => (second, third, fourth),
            22 if low_byte(first) != 0 => (second, third, fourth),
            _ => return,
        };
        if low_byte(has_text) != 0 {
            // SAFETY: the host got this memory from our allocator, with its length as capacity, and it belongs to us.
            drop(unsafe { Vec::from_raw_parts(start as *mut u8, length as usize, length as usize) });
        }
    }
}

/// Returns a value of one byte that the host has written into a word.
pub(super) fn low_byte(word: u32) -> u8 {
    word.to_le_bytes()[0]
}
