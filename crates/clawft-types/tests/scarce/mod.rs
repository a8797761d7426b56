//! An allocator with little memory for what is large, as a WebAssembly guest has it.
//!
//! Used by the tests of several packages, by `#[path]`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The smallest allocation that counts. All that is smaller always has room, as product code may take for granted.
const LARGE: usize = 32 * 1024;

thread_local! {
    /// The bytes that this thread has left, if they are bounded.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// The least that there ever were.
    static LEAST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which refuses a thread what goes beyond its bound. Growing is a copy.
struct Scarce;

// SAFETY: both functions pass on exactly what they are given, or fail as an allocator may; counting touches no memory of the
// caller.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE
            && let Some(left) = LEFT.get()
        {
            let Some(rest) = left.checked_sub(layout.size()) else { return std::ptr::null_mut() };
            LEFT.set(Some(rest));
            LEAST.set(LEAST.get().min(rest));
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() >= LARGE {
            LEFT.set(LEFT.get().map(|left| left + layout.size()));
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

/// Runs `work` with `bytes` of memory for large allocations, and returns what it returns with the most that it had in use. One that
/// insists on more ends the test program.
pub(crate) fn with_memory<R>(bytes: usize, work: impl FnOnce() -> R) -> (R, usize) {
    LEFT.set(Some(bytes));
    LEAST.set(bytes);
    let result = work();
    LEFT.set(None);
    (result, bytes - LEAST.get())
}
