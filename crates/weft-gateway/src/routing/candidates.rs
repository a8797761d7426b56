//! The order in which the providers of a model are asked.

use super::{Health, Route, RouteEntry, Routing, Target};
use std::sync::Arc;

/// A provider to ask, and the model's name there.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) target: Arc<Target>,
    pub(crate) model: String,
    pub(crate) health: Arc<Health>,
}

impl Candidate {
    pub(super) fn new(target: Arc<Target>, model: String) -> Candidate {
        Candidate {
            target,
            model,
            health: Arc::default(),
        }
    }
}

impl Routing {
    /// Returns who serves `model`, or the default model if none is named, in the order in which they are
    /// asked. There is at least one. `random` decides among weights, and is called only if there are any.
    pub(crate) fn candidates(&self, model: Option<&str>, random: &dyn Fn() -> u32) -> Vec<Candidate> {
        let Some(model) = model else {
            return self
                .named(&self.default.model, random)
                .unwrap_or_else(|| vec![self.default.clone()]);
        };
        self.named(model, random)
            .unwrap_or_else(|| vec![self.unmapped(model)])
    }

    /// Returns the candidates behind a mapped name.
    fn named(&self, model: &str, random: &dyn Fn() -> u32) -> Option<Vec<Candidate>> {
        let route = self.routes.iter().find(|route| route.name == model)?;
        Some(route.candidates(random))
    }

    /// Returns the candidate of a name that is not mapped: `provider/model`, else a model that a provider is
    /// known to offer, else any model of the default provider.
    fn unmapped(&self, model: &str) -> Candidate {
        let qualified = model
            .split_once('/')
            .and_then(|(provider, model)| Some((self.target(provider)?, model)))
            .filter(|(_, model)| !model.is_empty());
        if let Some((target, model)) = qualified {
            return Candidate::new(Arc::clone(target), model.to_owned());
        }
        let offers = |target: &&Arc<Target>| target.is_known_to_offer(model);
        let target = self.targets.iter().find(offers).unwrap_or(&self.default.target);
        Candidate::new(Arc::clone(target), model.to_owned())
    }
}

impl Route {
    /// Returns the candidates: first the one that the weights choose, then the others in their order; those
    /// that pause are last.
    fn candidates(&self, random: &dyn Fn() -> u32) -> Vec<Candidate> {
        let mut order: Vec<&RouteEntry> = self.entries.iter().collect();
        if let Some(chosen) = self.chosen(random) {
            let first = order.remove(chosen.min(order.len().saturating_sub(1)));
            order.insert(0, first);
        }
        order.sort_by_key(|entry| entry.candidate.health.is_pausing());
        order.into_iter().map(|entry| entry.candidate.clone()).collect()
    }

    /// Returns the index of the entry that the weights choose; `None` without weights.
    fn chosen(&self, random: &dyn Fn() -> u32) -> Option<usize> {
        let weight = |entry: &RouteEntry| {
            let pausing = entry.candidate.health.is_pausing();
            if pausing { 0 } else { u64::from(entry.weight) }
        };
        let total: u64 = self.entries.iter().map(weight).sum();
        let mut left = (total > 0).then(|| u64::from(random()) % total)?;
        for (at, entry) in self.entries.iter().enumerate() {
            match left.checked_sub(weight(entry)) {
                Some(rest) => left = rest,
                None => return Some(at),
            }
        }
        None
    }
}
