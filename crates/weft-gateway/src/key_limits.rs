//! The limits of a key, and what is counted for them.

use std::time::{Duration, Instant};

/// The time that the limits are about.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The requests and tokens in a minute.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    /// The beginning of the minute.
    pub(crate) since: Option<Instant>,
    /// Number of requests that were admitted.
    pub(crate) requests: u64,
    /// Number of tokens of their answers.
    pub(crate) tokens: u64,
    /// Whether the last request was one too many.
    pub(crate) refused: bool,
}

/// The limits of a key.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// The maximum number of requests in a minute.
    pub(crate) requests: Option<u32>,
    /// The maximum number of tokens in a minute.
    pub(crate) tokens: Option<u32>,
}

impl Limits {
    /// Returns whether there are none.
    pub(crate) fn are_none(self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

impl Counts {
    /// Begins another minute if the current one is over. Returns the rest of it.
    pub(crate) fn roll(&mut self, now: Instant) -> Duration {
        let since = match self.since {
            Some(since) if now.duration_since(since) < MINUTE => since,
            _ => {
                *self = Counts {
                    since: Some(now),
                    ..Counts::default()
                };
                now
            }
        };
        MINUTE.saturating_sub(now.duration_since(since))
    }
}
