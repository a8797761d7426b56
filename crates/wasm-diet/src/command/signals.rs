//! Signals that end the program: the engine ends with it, and its temporary files go.

/// Begins to wait for the signals.
#[cfg(unix)]
pub(super) fn attend() {
    use std::{process, thread};

    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        iterator::Signals,
        low_level::emulate_default_handler,
    };

    // Without the handler the system ends the program; only files stay.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            wasm_diet::engine::stop();
            drop(emulate_default_handler(signal));
            process::exit(128_i32.saturating_add(signal));
        }
    });
}

/// Does nothing: the system ends both programs.
#[cfg(not(unix))]
pub(super) fn attend() {}
