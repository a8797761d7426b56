//! The tasks of the instance: one for each request, which the host resumes with an event.
//!
//! A task has a few futures. All of them are polled at each event, so no waker is needed: each that waits looks whether
//! the event is its own.

use std::{
    cell::RefCell,
    mem,
    pin::Pin,
    task::{Context, Waker},
};

use super::{
    abi::{self, BLOCKED, OnEnd, RETURNED, WriteValue},
    area::Area,
    timer::{self, Timer},
};

/// The event that starts a task.
const NONE: u32 = 0;
/// The event of a task whose answer nobody waits for.
const CANCEL: u32 = 6;

/// The code for a task that has ended.
const EXIT: u32 = 0;
/// The code for a task that waits for an event in a set, whose number is above it.
const WAIT: u32 = 2;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A task that waits.
struct Task {
    state: State,
    /// The request's own future is the first one, until it has returned the response.
    work: Vec<Work>,
}

/// The part of a task that its futures use.
struct State {
    /// The waitables of the task.
    set: u32,
    /// Waitables whose operation has ended, with its code.
    events: Vec<(u32, u32)>,
    /// Futures that were added.
    spawned: Vec<Work>,
    /// The writable ends of futures whose value the host has not read, and how to drop them.
    written: Vec<(u32, OnEnd<()>)>,
    /// The call that ends at the next time at which something may be late. It is kept when that has ended in time,
    /// because the next wait can use it.
    timer: Option<Timer>,
}

thread_local! {
    /// The state of the running task.
    static CURRENT: RefCell<State> = const { RefCell::new(State::new(0)) };
}

/// Starts a task. Returns a code for the host.
pub(super) fn start(work: impl Future<Output = ()> + 'static) -> u32 {
    let task = Task {
        state: State::new(abi::waitable_set_new()),
        work: vec![Box::pin(work)],
    };
    run(Box::new(task), NONE)
}

/// Resumes the task with an event. Returns a code for the host.
pub(super) fn resume(event: u32, waitable: u32, code: u32) -> u32 {
    // SAFETY: the host resumes only tasks that wait, and `run` has stored the pointer of each of them.
    let mut task = unsafe { Box::from_raw(abi::context_get().cast::<Task>()) };
    if event != NONE && event != CANCEL {
        abi::waitable_join(waitable, 0);
        task.state.end(waitable, code);
    }
    run(task, event)
}

/// Adds a future to the running task, which ends after it.
pub(super) fn spawn(work: impl Future<Output = ()> + 'static) {
    let work = Box::pin(work);
    with(|state| state.spawned.push(work));
}

/// Writes a value into a future, whose writable end is dropped when the host has read it.
pub(super) fn write(end: u32, value: &'static Area, write: WriteValue, drop: OnEnd<()>) {
    // SAFETY: the value outlives the operation.
    if unsafe { write(end, value) } == BLOCKED {
        wait_for(end);
        with(|state| state.written.push((end, drop)));
    } else {
        drop(end);
    }
}

/// Lets the running task be resumed when an operation has ended.
pub(super) fn wait_for(waitable: u32) {
    abi::waitable_join(waitable, with(|state| state.set));
}

/// Lets the running task be resumed at a time of the clock, in nanoseconds. Returns whether it is over.
pub(super) fn is_over(deadline: u64) -> bool {
    let is_set = |timer: &Timer| timer.is_due_by(deadline);
    if with(|state| state.timer.as_ref().is_some_and(is_set)) {
        return false;
    }
    let Some(timer) = Timer::until(deadline) else {
        return true;
    };
    if let Some(later) = with(|state| state.timer.replace(timer)) {
        later.leave();
    }
    false
}

/// Takes the code of an operation that has ended.
pub(super) fn take_event(waitable: u32) -> Option<u32> {
    with(|state| {
        let at = state.events.iter().position(|(ended, _)| *ended == waitable)?;
        Some(state.events.swap_remove(at).1)
    })
}

fn run(mut task: Box<Task>, event: u32) -> u32 {
    timer::resume();
    with(|state| mem::swap(state, &mut task.state));
    if event == CANCEL && !task.work.is_empty() {
        drop(task.work.remove(0));
    }
    poll(&mut task.work);
    with(|state| mem::swap(state, &mut task.state));
    let set = task.state.set;
    if task.work.is_empty() && task.state.written.is_empty() {
        if let Some(timer) = task.state.timer.take() {
            timer.leave();
        }
        abi::waitable_set_drop(set);
        return EXIT;
    }
    abi::context_set(Box::into_raw(task).cast());
    WAIT | set << 4
}

/// Polls all futures, and those that they add.
fn poll(work: &mut Vec<Work>) {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        work.retain_mut(|work| work.as_mut().poll(&mut context).is_pending());
        let spawned = with(|state| mem::take(&mut state.spawned));
        if spawned.is_empty() {
            return;
        }
        work.extend(spawned);
    }
}

fn with<T>(use_state: impl FnOnce(&mut State) -> T) -> T {
    CURRENT.with_borrow_mut(use_state)
}

impl State {
    const fn new(set: u32) -> Self {
        Self {
            set,
            events: Vec::new(),
            spawned: Vec::new(),
            written: Vec::new(),
            timer: None,
        }
    }

    /// Stores that an operation has ended.
    fn end(&mut self, waitable: u32, code: u32) {
        if let Some(timer) = self.timer.take_if(|timer| timer.is(waitable)) {
            if code == RETURNED {
                timer.end();
            } else {
                abi::waitable_join(waitable, self.set);
                self.timer = Some(timer);
            }
            return;
        }
        match self.written.iter().position(|(end, _)| *end == waitable) {
            Some(at) => {
                let (end, drop) = self.written.swap_remove(at);
                drop(end);
            }
            None => self.events.push((waitable, code)),
        }
    }
}
