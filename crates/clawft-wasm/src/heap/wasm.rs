//! The heap in the memory of a WebAssembly module, from its data to its end.

use std::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32,
    cell::UnsafeCell,
    ptr,
};

use super::{Heap, Memory, STEP};

/// The size of a page.
const PAGE: usize = 65536;

unsafe extern "C" {
    /// The linker's symbol for the end of the module's own data.
    static __heap_base: u8;
}

/// The memory of the module.
struct Pages {
    /// Whether the rest of the memory behind the data was handed out.
    began: bool,
}

impl Memory for Pages {
    fn grow(&mut self, bytes: usize) -> Option<(usize, usize)> {
        let grown = wasm32::memory_grow(0, bytes.div_ceil(PAGE));
        if grown == usize::MAX && self.began {
            return None;
        }
        let mut start = grown.wrapping_mul(PAGE);
        if !self.began {
            self.began = true;
            start = (&raw const __heap_base).addr().next_multiple_of(STEP);
        }
        Some((start, wasm32::memory_size(0).wrapping_mul(PAGE)))
    }
}

struct Global(UnsafeCell<Heap<Pages>>);

// SAFETY: a module has one thread.
unsafe impl Sync for Global {}

#[global_allocator]
static HEAP: Global = Global(UnsafeCell::new(Heap::new(Pages { began: false })));

impl Global {
    /// Returns the heap.
    ///
    /// # Safety
    /// Nothing else holds it: no function of it calls another one of this module.
    #[expect(clippy::mut_from_ref, reason = "there is one thread")]
    unsafe fn heap(&self) -> &mut Heap<Pages> {
        // SAFETY: as the caller promises.
        unsafe { &mut *self.0.get() }
    }
}

// SAFETY: the heap hands out memory that nothing else uses, with the requested size and alignment.
unsafe impl GlobalAlloc for Global {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: all memory behind the module's data belongs to the heap, as the C library's heap is not linked.
        let address = unsafe { self.heap().allocate(layout.size(), layout.align()) };
        ptr::with_exposed_provenance_mut(address)
    }

    unsafe fn dealloc(&self, start: *mut u8, _: Layout) {
        // SAFETY: the caller got it from here.
        unsafe { self.heap().free(start.expose_provenance()) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller got it from here.
        unsafe {
            if layout.align() <= STEP {
                let address = self.heap().resize(start.expose_provenance(), size);
                return ptr::with_exposed_provenance_mut(address);
            }
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(start, new, size.min(layout.size()));
                self.dealloc(start, layout);
            }
            new
        }
    }
}

/// Returns the address of `size` bytes with the alignment of any type of C, or null.
pub fn allocate(size: usize) -> *mut u8 {
    // SAFETY: any size may be requested.
    let address = unsafe { HEAP.heap().allocate(size, 16) };
    ptr::with_exposed_provenance_mut(address)
}

/// Frees the bytes at `start`, which may be null.
///
/// # Safety
/// [`allocate`] returned it, and it was not freed since.
pub unsafe fn free(start: *mut u8) {
    if !start.is_null() {
        // SAFETY: as the caller promises.
        unsafe { HEAP.heap().free(start.expose_provenance()) }
    }
}
