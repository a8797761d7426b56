//! Stops a turn from outside.

use tokio_util::sync::CancellationToken;

/// A request to stop, shared by all clones: stopping one of them stops the turns that got another.
///
/// A stopped turn keeps the text received so far.
#[derive(Debug, Clone, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// Returns a request that is not made yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops this one and its children. This cannot be undone.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Returns whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is stopped, which may never happen.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// Returns a request that is stopped with this one, and can be stopped alone.
    pub fn child(&self) -> Stop {
        Stop(self.0.child_token())
    }
}
