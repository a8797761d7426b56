//! Stopping a turn from outside of it.

use tokio_util::sync::CancellationToken;

/// A wish to stop, shared by all clones: who has one can stop the turns that were given another.
///
/// A turn that is stopped keeps what has arrived.
#[derive(Debug, Clone, Default)]
pub struct Stop(CancellationToken);

impl Stop {
    /// Nobody wants to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops this one and its children. There is no way back.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until it is stopped, which may be never.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// One that is stopped with this one, and can be stopped alone.
    pub fn child(&self) -> Stop {
        Stop(self.0.child_token())
    }
}
