//! The pause of a model whose provider fails.

use std::{
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use clawft_api::routing::Cooldown;

/// The moment from which times are counted.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The recent failures of a model at a provider.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<Cooldown>);

impl Health {
    /// Returns whether the model is not to be asked now, if there is another one.
    pub(crate) fn is_pausing(&self) -> bool {
        self.state().is_pausing(BEGAN.elapsed())
    }

    /// Notes an answer.
    pub(crate) fn answered(&self) {
        *self.state() = Cooldown::default();
    }

    /// Notes a failure, and the time that the provider asks to wait.
    pub(crate) fn failed(&self, asked: Option<Duration>) {
        self.state().failed(asked, BEGAN.elapsed());
    }

    fn state(&self) -> MutexGuard<'_, Cooldown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_until_an_answer() {
        let health = Health::default();
        for pausing in [false, false, true] {
            health.failed(None);
            assert_eq!(health.is_pausing(), pausing);
        }
        health.answered();
        assert!(!health.is_pausing());
        health.failed(None);
        assert!(!health.is_pausing(), "an answer came between");
    }
}
