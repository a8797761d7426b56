//! Decisions about the provider that is asked: the meaning of a name, the order of the candidates, and pauses of those
//! that fail.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use clawft_types::config::ModelEntry;

/// The number of failures, one after the other, that begin a pause.
const FAILURES: u32 = 3;

/// The time of a pause, unless the provider names one.
pub const PAUSE: Duration = Duration::from_secs(30);

/// The longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Returns the provider and the model of a name such as `PROVIDER/MODEL`, if `find` knows the provider.
pub fn qualified<'a, P>(name: &'a str, find: impl FnOnce(&'a str) -> Option<P>) -> Option<(P, &'a str)> {
    let (provider, model) = name.split_once('/').filter(|(_, model)| !model.is_empty())?;
    Some((find(provider)?, model))
}

/// Returns the error about an entry of a mapped name whose provider is missing.
pub fn unknown_provider(name: &str, entry: &ModelEntry) -> String {
    let provider = entry.provider.as_deref().unwrap_or_default();
    alloc::format!("gateway.models.{name}: the provider `{provider}` is not configured, or cannot be used")
}

/// Returns the order in which the candidates behind a name are asked, as indices: first the one that the weights draw,
/// then the others; those that pause are last.
///
/// A candidate's weight is `None` while it pauses. `random` is called only if there are weights.
///
/// ```
/// use clawft_api::routing::order;
///
/// assert_eq!(order(&[Some(3), Some(1), None], || 3), [1, 0, 2]);
/// assert_eq!(order(&[Some(0), None, Some(0)], || 3), [0, 2, 1]);
/// ```
pub fn order(weights: &[Option<u32>], random: impl FnOnce() -> u64) -> Vec<usize> {
    let first = drawn(weights, random);
    let others = |pausing: bool| {
        let indices = weights.iter().map(Option::is_none).enumerate();
        indices.filter_map(move |(at, is_pausing)| (Some(at) != first && is_pausing == pausing).then_some(at))
    };
    first
        .into_iter()
        .chain(others(false))
        .chain(others(true))
        .collect()
}

/// Returns the index that the weights draw; `None` without weights.
fn drawn(weights: &[Option<u32>], random: impl FnOnce() -> u64) -> Option<usize> {
    let weights = weights.iter().map(|weight| u64::from(weight.unwrap_or_default()));
    let total: u64 = weights.clone().sum();
    let mut left = (total > 0).then(|| random() % total)?;
    for (at, weight) in weights.enumerate() {
        match left.checked_sub(weight) {
            Some(rest) => left = rest,
            None => return Some(at),
        }
    }
    None
}

/// The recent failures of a model at a provider. Times are those since any fixed moment.
#[derive(Debug, Default)]
pub struct Cooldown {
    failures: u32,
    until: Option<Duration>,
}

impl Cooldown {
    /// Returns whether the model is not to be asked now, if there is another one.
    pub fn is_pausing(&self, now: Duration) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// Notes a failure, and the time that the provider asks to wait.
    pub fn failed(&mut self, asked: Option<Duration>, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        let pause = match asked {
            Some(asked) => Some(asked.min(LONGEST_PAUSE)),
            None => (self.failures >= FAILURES).then_some(PAUSE),
        };
        if let Some(pause) = pause {
            self.until = now.checked_add(pause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(7);

    #[test]
    fn providers_are_named_before_the_slash() {
        let known = |name: &str| (name == "a").then_some(1);
        assert_eq!(qualified("a/m", known), Some((1, "m")));
        assert_eq!(qualified("a/team/m", known), Some((1, "team/m")));
        for name in ["m", "a", "a/", "b/m", "/m"] {
            assert_eq!(qualified(name, known), None, "{name}");
        }
    }

    #[test]
    fn weights_draw_the_first_and_pauses_are_last() {
        let first = |random| order(&[Some(3), Some(1), Some(0)], || random).first().copied();
        assert_eq!([0, 1, 2, 3, 4, 7].map(first), [0, 0, 0, 1, 0, 1].map(Some));
        assert_eq!(order(&[Some(3), Some(1), Some(0)], || 3), [1, 0, 2]);
        assert_eq!(order(&[None, Some(1), Some(0)], || 0), [1, 2, 0]);
        assert_eq!(order(&[None, None], || panic!("no weights")), [0, 1]);
        assert!(order(&[], || panic!("no weights")).is_empty());
    }

    #[test]
    fn pauses_after_repeated_failures() {
        let mut model = Cooldown::default();
        model.failed(None, NOW);
        model.failed(None, NOW);
        assert!(!model.is_pausing(NOW));
        model.failed(None, NOW);
        assert!(model.is_pausing(NOW));
        assert!(!model.is_pausing(NOW + PAUSE));
    }

    #[test]
    fn pauses_as_long_as_the_provider_asks() {
        let mut model = Cooldown::default();
        model.failed(Some(Duration::MAX), NOW);
        assert!(model.is_pausing(NOW + LONGEST_PAUSE - Duration::from_secs(1)));
        assert!(!model.is_pausing(NOW + LONGEST_PAUSE));
        let mut model = Cooldown::default();
        model.failed(Some(Duration::ZERO), NOW);
        assert!(!model.is_pausing(NOW));
    }
}
