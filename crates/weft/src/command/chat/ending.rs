//! The signals that ask the process to end: SIGTERM, and SIGHUP of a terminal that is closed. An answer ends as with
//! Ctrl-C, so that its text is stored, and the process after it.

use std::sync::{Mutex, PoisonError};

use weft_agent::Stop;

use crate::command::exit::Exit;

/// The answer that is going on, and the signal that arrived during one.
static STATE: Mutex<State> = Mutex::new(State {
    answer: None,
    signal: None,
});

struct State {
    #[cfg_attr(
        not(unix),
        expect(dead_code, reason = "other systems do not have the signals")
    )]
    answer: Option<Stop>,
    signal: Option<Exit>,
}

/// An answer that a signal ends. It is over when this is dropped.
pub(super) struct Answering(());

impl Answering {
    /// Watches for signals from now on, which `stop` the answer.
    pub(super) fn begin(stop: &Stop) -> Answering {
        #[cfg(unix)]
        unix::watch();
        lock().answer = Some(stop.clone());
        Answering(())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        lock().answer = None;
    }
}

/// Returns the exit code if a signal has ended an answer.
pub(crate) fn signal() -> Option<Exit> {
    lock().signal
}

fn lock() -> std::sync::MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
mod unix {
    use std::{process, sync::Once, thread};

    use tokio::{
        runtime::Builder,
        signal::unix::{Signal, SignalKind, signal},
    };
    use weft_agent::limits::ignores_hangup;

    use super::{Exit, lock};
    use crate::command::terminal;

    /// Begins to watch on a thread of its own: a line editor blocks the other one.
    pub(super) fn watch() {
        static BEGUN: Once = Once::new();
        BEGUN.call_once(|| {
            // Without the resources a signal ends the process, as it does before the first answer.
            let Ok(runtime) = Builder::new_current_thread().enable_io().build() else {
                return;
            };
            thread::spawn(move || {
                runtime.block_on(async {
                    let hangup = Some(SignalKind::hangup()).filter(|_| !ignores_hangup());
                    let mut terminate = signal(SignalKind::terminate()).ok();
                    let mut hangup = hangup.and_then(|kind| signal(kind).ok());
                    loop {
                        tokio::select! {
                            () = next(&mut terminate) => end(Exit::Terminated),
                            () = next(&mut hangup) => end(Exit::HungUp),
                        }
                    }
                });
            });
        });
    }

    async fn next(signal: &mut Option<Signal>) {
        let received = match signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if received.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the answer, or the process if there is none or it is being ended already.
    fn end(exit: Exit) {
        let mut state = lock();
        match &state.answer {
            Some(stop) if state.signal.is_none() => {
                terminal::set_interrupted(true);
                stop.stop();
                state.signal = Some(exit);
            }
            _ => {
                terminal::restore();
                process::exit(exit as i32)
            }
        }
    }
}
