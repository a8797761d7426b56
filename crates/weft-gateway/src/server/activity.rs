//! The state of a connection that its parts share: whether it waits for its client, and since when.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// The state of a connection: whether it waits for its client, and how it is to end.
pub(super) struct Activity {
    began: Instant,
    /// Time since which there is no request to answer.
    idle: Since,
    /// Time since which the current request is being answered.
    answering: Since,
    /// Whether a turn is being made for the request.
    working: AtomicBool,
    /// Time since which more of a request's body is awaited.
    receiving: Since,
    /// Time since which a write waits for the client.
    sending: Since,
    aborted: AtomicBool,
    stalled: AtomicBool,
    lingers: AtomicBool,
}

/// A moment in milliseconds since the connection began, plus one; zero for none.
#[derive(Default)]
struct Since(AtomicU64);

impl Since {
    fn get(&self) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }

    fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Sets the moment to `now` unless there is one.
    fn set(&self, now: u64) {
        let _ = self
            .0
            .compare_exchange(0, now.saturating_add(1), Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Activity {
    /// Returns the state of a new connection.
    pub(super) fn new() -> Activity {
        let activity = Activity {
            began: Instant::now(),
            idle: Since::default(),
            answering: Since::default(),
            working: AtomicBool::new(false),
            receiving: Since::default(),
            sending: Since::default(),
            aborted: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
        };
        activity.idle.set(0);
        activity
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns how long the connection has waited for its client, or for an answer that costs nothing to
    /// request again; `None` while a turn is made for it. Otherwise clients that send requests and never read
    /// could fill all connections with requests that wait for files or for each other, and none could be
    /// evicted.
    pub(super) fn waiting(&self) -> Option<Duration> {
        let answering = || {
            if self.working.load(Ordering::Relaxed) {
                None
            } else {
                self.answering.get()
            }
        };
        let since = self
            .sending
            .get()
            .or(self.receiving.get())
            .or(self.idle.get())
            .or_else(answering)?;
        Some(Duration::from_millis(self.now().saturating_sub(since)))
    }

    /// Notes that a request has arrived.
    pub(super) fn answering(&self) {
        self.idle.clear();
        self.answering.set(self.now());
    }

    /// Notes that a turn is being made for the request.
    pub(super) fn work(&self) {
        self.working.store(true, Ordering::Relaxed);
    }

    /// Notes that its response is complete.
    pub(super) fn answered(&self) {
        self.receiving.clear();
        self.answering.clear();
        self.working.store(false, Ordering::Relaxed);
        self.idle.set(self.now());
    }

    /// Returns whether a request is being answered.
    pub(super) fn is_answering(&self) -> bool {
        self.idle.get().is_none()
    }

    /// Notes whether the awaited rest of a request's body has arrived.
    pub(super) fn received(&self, there: bool) {
        if there {
            self.receiving.clear()
        } else {
            self.receiving.set(self.now())
        }
    }

    /// Notes whether the client has taken the bytes of a write.
    pub(super) fn sent(&self, taken: bool) {
        if taken {
            self.sending.clear()
        } else {
            self.sending.set(self.now())
        }
    }

    /// Notes that a write has made no progress for too long.
    pub(super) fn stall(&self) {
        self.stalled.store(true, Ordering::Relaxed);
        self.abort();
    }

    /// Returns whether a write has made no progress for too long.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// Marks the connection to be reset, without sending the rest.
    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Relaxed);
    }

    /// Returns whether the connection is to be reset.
    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Relaxed)
    }

    /// Notes that the client may still be sending a request that was refused.
    pub(super) fn linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    /// Returns whether the client may still be sending a request that was refused.
    pub(super) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn waits_for_client_unless_turn_is_made() {
        let activity = Activity::new();
        advance(SECOND).await;
        assert_eq!(activity.waiting(), Some(SECOND), "no request has come yet");
        activity.answering();
        advance(SECOND).await;
        assert_eq!(activity.waiting(), Some(SECOND), "the request can be asked again");
        activity.work();
        assert_eq!(activity.waiting(), None);
        activity.received(false);
        advance(SECOND).await;
        activity.received(false);
        assert_eq!(
            activity.waiting(),
            Some(SECOND),
            "the body has not come since then"
        );
        activity.received(true);
        assert_eq!(activity.waiting(), None);
        activity.sent(false);
        advance(SECOND).await;
        activity.answered();
        advance(SECOND).await;
        assert_eq!(activity.waiting(), Some(2 * SECOND), "the answer is not taken");
        activity.sent(true);
        assert_eq!(activity.waiting(), Some(SECOND), "no other request has come");
    }
}
