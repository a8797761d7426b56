//! The threads that answer requests. Each has an event loop of its own.
//!
//! A connection stays on one thread, and so do the connections to providers that its requests take. So no
//! request waits until another thread has woken up, which costs more than the work between two packets.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use weft_agent::{Error, forward};

/// The maximum number of threads. They compute little, and each has a stack.
const MOST: usize = 4;

/// The interval of a timer on each thread. The event loop wakes itself by a system call for a timer that ends before
/// all others. Each request begins timers of 15 s and more: with this one, none of them is the first.
const TICK: Duration = Duration::from_secs(5);

/// Running threads. They end when this is dropped.
pub(super) struct Workers {
    handles: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    next: AtomicUsize,
    end: CancellationToken,
}

impl Workers {
    /// Starts a thread for each processor. Each has at most `blocking` further threads for files, and `patience`
    /// for them in the end.
    ///
    /// # Errors
    /// If the system refuses.
    pub(super) fn start(blocking: usize, patience: Duration) -> Result<Workers, Error> {
        let mut workers = Workers {
            handles: Vec::new(),
            threads: Vec::new(),
            next: AtomicUsize::new(0),
            end: CancellationToken::new(),
        };
        let count = thread::available_parallelism().map_or(1, usize::from).min(MOST);
        for _ in 0..count {
            let runtime = event_loop(blocking)?;
            workers.handles.push(runtime.handle().clone());
            let end = workers.end.clone();
            let thread = thread::Builder::new().name("worker".to_owned()).spawn(move || {
                // Without them, the connections of all threads are shared.
                let _ = forward::keep_own_connections();
                runtime.block_on(async { while timeout(TICK, end.cancelled()).await.is_err() {} });
                runtime.shutdown_timeout(patience);
            });
            workers.threads.push(thread.map_err(|error| failed(&error))?);
        }
        Ok(workers)
    }

    /// Returns the event loop for the next connection; each has its turn.
    pub(super) fn next(&self) -> Option<&Handle> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.handles.get(turn.checked_rem(self.handles.len())?)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.end.cancel();
        for thread in self.threads.drain(..) {
            // The thread has no result.
            let _ = thread.join();
        }
    }
}

/// Returns an event loop with at most `blocking` threads for files.
///
/// # Errors
/// If the system refuses.
pub(super) fn event_loop(blocking: usize) -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .max_blocking_threads(blocking)
        .enable_all()
        .build()
        .map_err(|error| failed(&error))
}

fn failed(error: &std::io::Error) -> Error {
    Error::other(format!("could not start threads: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_event_loop_has_its_turn() {
        let workers = Workers::start(1, Duration::from_secs(1)).unwrap();
        let count = workers.handles.len();
        let names: HashSet<_> = (0..2 * count)
            .map(|_| {
                let running = workers.next().unwrap().spawn(async { thread::current().id() });
                workers.handles[0].block_on(running).unwrap()
            })
            .collect();
        assert_eq!(names.len(), count);
    }
}
