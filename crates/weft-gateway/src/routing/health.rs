//! The pause of a model whose provider fails.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of failures, one after the other, that begin a pause.
const FAILURES: u32 = 3;

/// The time of a pause, unless the provider names one.
pub(crate) const PAUSE: Duration = Duration::from_secs(30);

/// The longest pause.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);

/// The recent failures of a model at a provider.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
}

impl Health {
    /// Returns whether the model is not to be asked now, if there is another one.
    pub(crate) fn is_pausing(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.until.is_some_and(|until| until > Instant::now())
    }

    /// Notes an answer.
    pub(crate) fn answered(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// Notes a failure, and the time that the provider asks to wait.
    pub(crate) fn failed(&self, asked: Option<Duration>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        let pause = match asked {
            Some(asked) => Some(asked.min(LONGEST)),
            None => (state.failures >= FAILURES).then_some(PAUSE),
        };
        if let Some(pause) = pause {
            state.until = Instant::now().checked_add(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_after_repeated_failures() {
        let health = Health::default();
        health.failed(None);
        health.failed(None);
        assert!(!health.is_pausing());
        health.failed(None);
        assert!(health.is_pausing());
        health.answered();
        assert!(!health.is_pausing());
        health.failed(None);
        assert!(!health.is_pausing(), "an answer came between");
    }

    #[test]
    fn pauses_as_long_as_the_provider_asks() {
        let health = Health::default();
        health.failed(Some(Duration::MAX));
        assert!(health.is_pausing());
        let health = Health::default();
        health.failed(Some(Duration::ZERO));
        assert!(!health.is_pausing());
    }
}
