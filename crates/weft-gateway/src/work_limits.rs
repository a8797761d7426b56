//! Limits on work whose time and memory depend on what clients send.
//!
//! A small request is parsed on the current thread. Large ones are parsed on other threads, a few at a time,
//! so that no other request waits for them. Their bodies take at most [`LARGE_AT_ONCE`] times
//! `max_body_bytes` of memory, and their trees [`PARSED_AT_ONCE`] times the memory of one.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use super::api_error::ApiError;

/// The largest body, in bytes, that is parsed on the current thread: that takes less than a millisecond.
pub(super) const SMALL: usize = 64 * 1024;

/// The number of larger bodies in memory at once.
pub(super) const LARGE_AT_ONCE: usize = 16;

/// The number of larger bodies that may wait for that.
pub(super) const LARGE_WAITING: usize = 64;

/// The longest time that one may wait.
pub(super) const LARGE_WAIT: Duration = Duration::from_secs(10);

/// The number of larger bodies that are parsed at once.
pub(super) const PARSED_AT_ONCE: usize = 2;

/// The `Retry-After` of a request for which there is no room, in seconds.
const BUSY_SECONDS: u64 = 1;

/// The limits, as semaphores.
pub(super) struct WorkLimits {
    large: Arc<Semaphore>,
    waiting: Semaphore,
    parsed: Arc<Semaphore>,
}

/// The permit to have a large body in memory.
pub(super) struct LargeBodyPermit(
    #[expect(dead_code, reason = "its drop gives it back")] OwnedSemaphorePermit,
);

impl WorkLimits {
    /// Returns the limits with all permits available.
    pub(super) fn new() -> WorkLimits {
        let of = |count| Arc::new(Semaphore::new(count));
        WorkLimits {
            large: of(LARGE_AT_ONCE),
            waiting: Semaphore::new(LARGE_WAITING),
            parsed: of(PARSED_AT_ONCE),
        }
    }

    /// Waits for the permit to have a large body in memory.
    ///
    /// # Errors
    /// 429 if too many wait, or for too long.
    pub(super) async fn large(&self) -> Result<LargeBodyPermit, ApiError> {
        if let Ok(permit) = Arc::clone(&self.large).try_acquire_owned() {
            return Ok(LargeBodyPermit(permit));
        }
        let busy = || {
            let message = "the gateway already reads as many large requests as it can, try again later";
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", message).retry_after(BUSY_SECONDS)
        };
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let permit = timeout(LARGE_WAIT, Arc::clone(&self.large).acquire_owned()).await;
        permit
            .ok()
            .and_then(Result::ok)
            .map(LargeBodyPermit)
            .ok_or_else(busy)
    }

    /// Returns whether any request waits for the permit to have a large body in memory.
    pub(super) fn is_crowded(&self) -> bool {
        self.waiting.available_permits() < LARGE_WAITING
    }

    /// Runs `parse` on a thread of its own, after waiting for a permit. The permit is held until `parse`
    /// returns, even if the result is no longer awaited.
    ///
    /// # Errors
    /// 500 if `parse` panics.
    pub(super) async fn parse<T: Send + 'static>(
        &self,
        parse: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let failed = || ApiError::internal("the request could not be read, see the gateway's log");
        let permit = Arc::clone(&self.parsed)
            .acquire_owned()
            .await
            .map_err(|_| failed())?;
        let parsed = spawn_blocking(move || {
            let parsed = parse();
            drop(permit);
            parsed
        });
        parsed.await.map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn limits_large_bodies_in_memory() {
        let work = Arc::new(WorkLimits::new());
        let mut held = Vec::new();
        for _ in 0..LARGE_AT_ONCE {
            held.push(work.large().await.unwrap());
        }
        let waiting: Vec<_> = (0..LARGE_WAITING)
            .map(|_| {
                let work = Arc::clone(&work);
                tokio::spawn(async move {
                    work.large()
                        .await
                        .map(drop)
                        .map_err(|error| error.status.as_u16())
                })
            })
            .collect();
        // Gives all of them the time to begin waiting.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let one_too_many = work.large().await.err().unwrap();
        assert_eq!(
            (one_too_many.status.as_u16(), one_too_many.retry_after),
            (429, Some(1))
        );
        drop(held.pop());
        let mut told = Vec::new();
        for waited in waiting {
            told.push(waited.await.unwrap().err());
        }
        // Each one that is admitted ends immediately.
        assert!(told.iter().all(Option::is_none), "{told:?}");
        let _again = work.large().await.unwrap();
        assert_eq!(
            work.large().await.err().unwrap().status.as_u16(),
            429,
            "nobody leaves"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn limits_requests_parsed_at_once() {
        let work = Arc::new(WorkLimits::new());
        let counts = Arc::new([const { AtomicUsize::new(0) }; 2]);
        let parsing: Vec<_> = (0..20)
            .map(|_| {
                let (work, counts) = (Arc::clone(&work), Arc::clone(&counts));
                tokio::spawn(async move {
                    let parse = move || {
                        let now = counts[0].fetch_add(1, Ordering::SeqCst) + 1;
                        counts[1].fetch_max(now, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                        counts[0].fetch_sub(1, Ordering::SeqCst);
                    };
                    work.parse(parse).await.unwrap();
                })
            })
            .collect();
        for parsed in parsing {
            parsed.await.unwrap();
        }
        assert!(counts[1].load(Ordering::SeqCst) <= PARSED_AT_ONCE);
        let panicked: Result<(), ApiError> = work.parse(|| panic!("somebody's words")).await;
        assert_eq!(panicked.unwrap_err().status.as_u16(), 500);
    }
}
