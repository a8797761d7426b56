//! A spinner, shown while the model thinks.

use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{has_cursor, write_error};

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The duration of a frame, and of the pause before the first one: quick answers show none.
const FRAME: Duration = Duration::from_millis(100);

/// Moves the cursor to the start of the line and clears the line.
const CLEAR: &str = "\r\x1b[K";

/// A spinner on standard error that turns until it is dropped. It does nothing if that is not a terminal.
#[derive(Debug)]
pub(crate) struct Spinner {
    turning: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Spinner {
    /// Starts the spinner, with `label` and the elapsed seconds.
    pub(crate) fn start(label: &str) -> Self {
        if !has_cursor() {
            return Self { turning: None };
        }
        let label = label.to_owned();
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let begun = Instant::now();
            let mut shown = "";
            for frame in FRAMES.iter().cycle() {
                if stopped.recv_timeout(FRAME) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
                write_error(&format!("{CLEAR}{frame} {label} {} s", begun.elapsed().as_secs()));
                shown = CLEAR;
            }
            write_error(shown);
        });
        Self {
            turning: Some((stop, thread)),
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.turning.take() {
            drop(stop);
            // Waits for the end of the thread, which would otherwise write into the next output.
            let _ = thread.join();
        }
    }
}
