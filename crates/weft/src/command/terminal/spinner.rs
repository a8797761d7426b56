//! A sign of life while the model thinks.

use super::{is_lively, write_error};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// How long a frame stays, and how long nothing is shown at first: quick answers need none.
const FRAME: Duration = Duration::from_millis(100);

/// Back to the start of the line, and all of it cleared.
const CLEAR: &str = "\r\x1b[K";

/// Something that turns on standard error until it is dropped. On what is no terminal nothing does.
#[derive(Debug)]
pub(crate) struct Spinner {
    turning: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Spinner {
    /// Begins to turn, with `label` and the seconds beside it.
    pub(crate) fn start(label: &str) -> Self {
        if !is_lively() {
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
        Self { turning: Some((stop, thread)) }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.turning.take() {
            drop(stop);
            // It ends by itself; waited for so that it writes nothing into what comes next.
            let _ = thread.join();
        }
    }
}
