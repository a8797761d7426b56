//! Work that blocks, beside an event loop.

use crate::error::Error;

/// Runs blocking work on another thread.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::other("a file operation was aborted"))
}
