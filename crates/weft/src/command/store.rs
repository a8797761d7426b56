//! The store of the gateway, for the commands that work on it.

use std::time::Duration;

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
    let waiting = terminal::hint_after(PATIENCE, "waiting for the database, for up to 10 s");
    let store = Administration::open(home);
    drop(waiting);
    store
}
