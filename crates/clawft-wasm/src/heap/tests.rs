//! The heap in a part of the tests' own memory.

use std::ptr;

use proptest::prelude::*;

use super::{Heap, Memory, SMALLEST, STEP, WORD, block_size, lists::is_used, size_of_block, word};

/// The unit in which the memory grows.
const PAGE: usize = 1024;

/// Memory of a fixed size, which begins at some distance from its alignment.
struct Region {
    bytes: Vec<u128>,
    used: usize,
    limit: usize,
    /// Pages that something else takes before each growth.
    lost: usize,
}

impl Memory for Region {
    fn grow(&mut self, bytes: usize) -> Option<(usize, usize)> {
        let bytes = bytes.next_multiple_of(PAGE);
        let start = self.used + self.lost * PAGE;
        let end = start.checked_add(bytes).filter(|end| *end <= self.limit)?;
        self.used = end;
        let base = self.bytes.as_mut_ptr().expose_provenance();
        Some((base + start, base + end))
    }
}

fn heap(pages: usize, lost: usize) -> Heap<Region> {
    Heap::new(Region {
        bytes: vec![0; pages * PAGE / 16],
        used: 0,
        limit: pages * PAGE,
        lost,
    })
}

/// An allocation, all of whose bytes are `mark`.
#[derive(Clone, Copy, Debug)]
struct Held {
    address: usize,
    size: usize,
    mark: u8,
}

impl Held {
    fn fill(self) {
        // SAFETY: the allocation has this size.
        unsafe { ptr::with_exposed_provenance_mut::<u8>(self.address).write_bytes(self.mark, self.size) }
    }

    fn check(self, size: usize) {
        for offset in 0..size {
            // SAFETY: the allocation has at least this size.
            let byte = unsafe { ptr::with_exposed_provenance::<u8>(self.address + offset).read() };
            assert_eq!(byte, self.mark, "{self:?} at {offset}");
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    Allocate(usize, u32),
    Free(usize),
    Resize(usize, usize),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let size = prop_oneof![4 => 0..100_usize, 2 => 0..3000_usize, 1 => 0..40_000_usize];
    let action = prop_oneof![
        3 => (size.clone(), 0..8_u32).prop_map(|(size, align)| Action::Allocate(size, align)),
        2 => any::<usize>().prop_map(Action::Free),
        2 => (any::<usize>(), size).prop_map(|(index, size)| Action::Resize(index, size)),
    ];
    prop::collection::vec(action, 0..200)
}

/// Performs the actions and checks each allocation's address and bytes.
fn perform(heap: &mut Heap<Region>, actions: Vec<Action>) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    for (index, action) in actions.into_iter().enumerate() {
        let mark = u8::try_from(index % 251).unwrap();
        match action {
            Action::Allocate(size, align) => {
                let align = 1 << align;
                // SAFETY: the heap has its own memory.
                let address = unsafe { heap.allocate(size, align) };
                if address != 0 {
                    assert_eq!(address % align, 0);
                    let held = Held { address, size, mark };
                    held.fill();
                    all.push(held);
                }
            }
            Action::Free(index) if !all.is_empty() => {
                let held = all.swap_remove(index % all.len());
                held.check(held.size);
                // SAFETY: it was allocated here.
                unsafe { heap.free(held.address) }
            }
            Action::Resize(index, size) if !all.is_empty() => {
                let index = index % all.len();
                let held = &mut all[index];
                // SAFETY: it was allocated here.
                let address = unsafe { heap.resize(held.address, size) };
                if address != 0 {
                    assert_eq!(address % STEP, 0);
                    held.address = address;
                    held.check(size.min(held.size));
                    held.size = size;
                    held.fill();
                } else {
                    held.check(held.size);
                }
            }
            _ => {}
        }
    }
    for held in &all {
        held.check(held.size);
    }
    all
}

/// Returns the sizes of the free blocks of a heap in one region.
fn free_blocks(heap: &Heap<Region>) -> Vec<usize> {
    let mut block = heap.memory.bytes.as_ptr().expose_provenance() + WORD;
    let mut free = Vec::new();
    while block + WORD < heap.end {
        // SAFETY: headers follow each other until the end.
        let (header, size) = unsafe { (word(block), size_of_block(block)) };
        if !is_used(header) {
            free.push(size);
        }
        block += size;
    }
    free
}

proptest! {
    #[test]
    fn allocations_keep_their_bytes(actions in actions(), lost in 0..2_usize) {
        perform(&mut heap(100, lost), actions);
    }

    #[test]
    fn joins_all_memory_that_is_freed(actions in actions()) {
        let mut heap = heap(100, 0);
        for held in perform(&mut heap, actions) {
            // SAFETY: it was allocated here.
            unsafe { heap.free(held.address) }
        }
        prop_assert!(free_blocks(&heap).len() <= 1);
    }
}

#[test]
fn grows_last_buffer_in_place_to_memory_end() {
    let mut heap = heap(100, 0);
    // SAFETY: the heap has its own memory.
    unsafe {
        let address = heap.allocate(10, 1);
        let mut size = 10;
        while heap.resize(address, size + 100) == address {
            size += 100;
        }
        assert!(size > 99 * PAGE - 200, "{size}");
    }
}

#[test]
fn keeps_memory_behind_the_last_buffer_free() {
    let mut heap = heap(100, 0);
    // SAFETY: the heap has its own memory.
    unsafe {
        let hole = heap.allocate(20 * PAGE, 1);
        let buffer = heap.allocate(PAGE, 1);
        heap.free(hole);
        // The memory behind the buffer has room for these as well.
        let small: Vec<usize> = (0..10).map(|_| heap.allocate(100, 1)).collect();
        assert!(small.iter().all(|address| *address < buffer));
        assert_eq!(heap.resize(buffer, 70 * PAGE), buffer);
    }
}

#[test]
fn costs_a_word_beside_each_allocation() {
    assert_eq!(block_size(0), Some(SMALLEST));
    assert_eq!(block_size(3 * WORD), Some(4 * WORD));
    assert_eq!(block_size(3 * WORD + 1), Some(6 * WORD));
    assert_eq!(block_size(5 * WORD), Some(6 * WORD));
    assert_eq!(block_size(usize::MAX), None);
    assert_eq!(block_size(isize::MAX as usize), None);
}

#[test]
fn has_no_memory_for_more_than_there_is() {
    let mut heap = heap(10, 0);
    // SAFETY: the heap has its own memory.
    unsafe {
        assert_eq!(heap.allocate(usize::MAX, 1), 0);
        assert_eq!(heap.allocate(10 * PAGE, 1), 0);
        let address = heap.allocate(100, 1);
        assert_ne!(address, 0);
        assert_eq!(heap.resize(address, usize::MAX), 0);
        assert_eq!(heap.resize(address, 10 * PAGE), 0);
    }
}
