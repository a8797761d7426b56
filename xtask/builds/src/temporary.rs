//! Temporary directories of commands.

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::interrupt;

/// Makes a directory that is removed when it is dropped, and also when a signal ends the command.
///
/// # Errors
/// Fails if it cannot be made, or the system refuses to watch for signals.
pub fn directory() -> Result<TempDir> {
    let directory = tempfile::tempdir().context("could not make a temporary directory")?;
    interrupt::remove_at_end(directory.path())?;
    Ok(directory)
}
