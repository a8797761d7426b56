//! The store of the gateway, for the commands that work on it.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use weft_agent::{Error, Home};
use weft_gateway::Administration;

use super::terminal;

/// The time after which a message says that a database is awaited. Files are there at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the store of the gateway in `home`. A database that does not answer is tried again for some seconds.
///
/// # Errors
/// If it cannot be reached.
pub(super) fn open(home: &Home) -> Result<Administration, Error> {
    let (done, waits) = mpsc::channel::<()>();
    thread::spawn(move || {
        if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            terminal::hint("waiting for the database, for up to 10 s");
        }
    });
    let store = Administration::open(home);
    drop(done);
    store
}
