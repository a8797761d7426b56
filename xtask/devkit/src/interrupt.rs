//! Ctrl-C, and the signal that asks programs to end. A terminal sends the first to our steps as well, which
//! end by it; we stay to tell how far it went.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

/// The exit code of a program that Ctrl-C ended, as shells have it.
const EXIT_CODE: i32 = 130;

/// Whether somebody wants an end of it. The default never hears of it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on such a signal is noted, and does not end this process.
    ///
    /// # Errors
    /// Fails if the system refuses.
    pub fn watch() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            let flag = Arc::clone(&interrupt.0);
            signal_hook::flag::register(signal, flag).context("could not watch for Ctrl-C")?;
        }
        Ok(interrupt)
    }

    /// Whether there was one.
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends this process as one that was interrupted.
    pub fn exit(&self) -> ! {
        process::exit(EXIT_CODE)
    }
}
