//! Calls that end at a time of the clock.
//!
//! A timer outlives its task and serves the next one: while a call is cancelled, the host lets nothing else run in the
//! instance.

use std::cell::{Cell, RefCell};

use wasip3::clocks::monotonic_clock;

use super::{abi, task};

/// The number of timers that are kept for later tasks.
const MOST_IDLE: usize = 64;

/// A call that ends at a time of the clock, in nanoseconds.
pub(super) struct Timer {
    subtask: u32,
    due: u64,
}

thread_local! {
    /// Timers of tasks that have ended. Some may be over.
    static IDLE: RefCell<Vec<Timer>> = const { RefCell::new(Vec::new()) };
    /// The time at which the running task was resumed; 0 if nobody has asked yet.
    static NOW: Cell<u64> = const { Cell::new(0) };
}

/// Returns the time at which the running task was resumed, in nanoseconds.
pub(super) fn now() -> u64 {
    if NOW.get() == 0 {
        NOW.set(monotonic_clock::now());
    }
    NOW.get()
}

/// Lets the clock go on, because a task is resumed.
pub(super) fn resume() {
    NOW.set(0);
}

impl Timer {
    /// Returns a timer of the running task that ends at `deadline` or before; `None` if that is over.
    pub(super) fn until(deadline: u64) -> Option<Self> {
        let left = deadline.checked_sub(now()).filter(|left| *left > 0)?;
        let timer = match Self::idle(deadline) {
            Some(timer) => timer,
            None => Self {
                subtask: abi::wait_for(left) >> 4,
                due: deadline,
            },
        };
        if timer.subtask == 0 {
            return None;
        }
        task::wait_for(timer.subtask);
        Some(timer)
    }

    fn idle(deadline: u64) -> Option<Self> {
        IDLE.with_borrow_mut(|idle| {
            let at = idle.iter().rposition(|timer| timer.due <= deadline)?;
            Some(idle.swap_remove(at))
        })
    }

    /// Returns whether it ends at `deadline` or before.
    pub(super) fn is_due_by(&self, deadline: u64) -> bool {
        self.due <= deadline
    }

    /// Returns whether `waitable` is its call.
    pub(super) fn is(&self, waitable: u32) -> bool {
        self.subtask == waitable
    }

    /// Drops the call, which has ended.
    pub(super) fn end(self) {
        abi::subtask_drop(self.subtask);
    }

    /// Leaves it to a later task.
    pub(super) fn leave(self) {
        abi::waitable_join(self.subtask, 0);
        let is_kept = IDLE.with_borrow_mut(|idle| {
            let has_room = idle.len() < MOST_IDLE;
            if has_room {
                idle.push(Self { ..self });
            }
            has_room
        });
        if !is_kept {
            abi::subtask_cancel(self.subtask);
            abi::subtask_drop(self.subtask);
        }
    }
}
