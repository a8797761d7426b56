//! An allocator with little memory for large allocations, like that of a WebAssembly guest.
//!
//! Used by the tests of several packages, by `#[path]`.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ptr,
};

/// The smallest allocation that counts. Smaller ones always succeed, as product code may assume.
pub(crate) const LARGE: usize = 32 * 1024;

thread_local! {
    /// The number of bytes that this thread may still allocate, if limited.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// The lowest value so far.
    static LEAST: Cell<usize> = const { Cell::new(0) };
    /// The number of large allocations.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// The rest of a region from which large allocations are taken, one directly after the other.
    static REGION: Cell<Option<(*mut u8, usize)>> = const { Cell::new(None) };
}

/// The system's allocator, with a limit for each thread. Growing an allocation copies it.
struct Scarce;

// SAFETY: returned memory is the system's, or a part of a region that nobody else uses; counting touches no
// memory of the caller.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE
            && let Some(left) = LEFT.get()
        {
            let Some(rest) = left.checked_sub(layout.size()) else {
                return ptr::null_mut();
            };
            LEFT.set(Some(rest));
            LEAST.set(LEAST.get().min(rest));
            COUNT.set(COUNT.get() + 1);
            if let Some((start, size)) = REGION.get() {
                return take(start, size, layout);
            }
        }
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() >= LARGE {
            LEFT.set(LEFT.get().map(|left| left + layout.size()));
            if let Some((start, size)) = REGION.get() {
                if pointer.wrapping_add(layout.size()) == start {
                    REGION.set(Some((pointer, size + layout.size())));
                }
                return;
            }
        }
        // SAFETY: the caller's guarantees are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Returns the beginning of a region, if it is large enough.
fn take(start: *mut u8, size: usize, layout: Layout) -> *mut u8 {
    assert_eq!(layout.align(), 1, "large buffers are bytes");
    let Some(rest) = size.checked_sub(layout.size()) else {
        return ptr::null_mut();
    };
    REGION.set(Some((start.wrapping_add(layout.size()), rest)));
    start
}

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

/// The result of some work, with its memory use.
pub(crate) struct Done<R> {
    /// The return value.
    pub(crate) result: R,
    /// The largest number of bytes that it had in use in large allocations.
    pub(crate) used: usize,
    /// The number of large allocations.
    #[allow(dead_code, reason = "not every test counts them")]
    pub(crate) count: usize,
}

/// Runs `work` with `bytes` of memory for large allocations. Work that aborts on a failed allocation ends the
/// test program.
pub(crate) fn with_memory<R>(bytes: usize, work: impl FnOnce() -> R) -> Done<R> {
    LEFT.set(Some(bytes));
    LEAST.set(bytes);
    COUNT.set(0);
    let result = work();
    LEFT.set(None);
    Done {
        result,
        used: bytes - LEAST.get(),
        count: COUNT.get(),
    }
}

/// Does the same as [`with_memory`], with each large allocation directly after the previous one. No large
/// allocation may exist before or after.
#[allow(dead_code, reason = "not every test wants it so")]
pub(crate) fn with_region<R>(bytes: usize, work: impl FnOnce() -> R) -> Done<R> {
    let mut region = vec![0_u8; bytes];
    REGION.set(Some((region.as_mut_ptr(), bytes)));
    let done = with_memory(bytes, work);
    REGION.set(None);
    done
}
