//! The order in which the providers of a model are asked.

use std::sync::Arc;

use clawft_api::routing::{order, qualified};

use super::{Health, Route, RouteEntry, Routing, Target};

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

    /// Returns whether every model behind a name is one that `allows` knows.
    pub(crate) fn allows(&self, model: &str, allows: &dyn Fn(&str) -> bool) -> bool {
        let candidates = self.candidates(Some(model), &|| 0);
        candidates
            .iter()
            .all(|candidate| self.allows_candidate(candidate, allows))
    }

    /// Returns whether `allows` knows a model by its name at the default provider.
    pub(crate) fn allows_default(&self, model: &str, allows: &dyn Fn(&str) -> bool) -> bool {
        allows(&[self.default.target.provider.name.as_str(), "/", model].concat())
    }

    /// Returns whether `allows` knows one of a candidate's names: `PROVIDER/MODEL`, and the model's alone if it goes to
    /// the default provider.
    pub(crate) fn allows_candidate(&self, candidate: &Candidate, allows: &dyn Fn(&str) -> bool) -> bool {
        let Candidate { target, model, .. } = candidate;
        let is_default = Arc::ptr_eq(target, &self.default.target);
        allows(&[target.provider.name.as_str(), "/", model].concat())
            || is_default && !self.maps(model) && allows(model)
    }

    /// Returns the name that `/v1/models` lists for `PROVIDER/MODEL`, if that is the default provider.
    pub(crate) fn listed<'a>(&self, model: &'a str) -> Option<&'a str> {
        let (target, model) = qualified(model, |provider| self.target(provider))?;
        (Arc::ptr_eq(target, &self.default.target) && !self.maps(model)).then_some(model)
    }

    fn maps(&self, model: &str) -> bool {
        self.routes.iter().any(|route| route.name == model)
    }

    /// Returns the candidates behind a mapped name.
    fn named(&self, model: &str, random: &dyn Fn() -> u32) -> Option<Vec<Candidate>> {
        let route = self.routes.iter().find(|route| route.name == model)?;
        Some(route.candidates(random))
    }

    /// Returns the candidate of a name that is not mapped: `provider/model`, else a model that a provider is
    /// known to offer, else any model of the default provider.
    fn unmapped(&self, model: &str) -> Candidate {
        if let Some((target, model)) = qualified(model, |provider| self.target(provider)) {
            return Candidate::new(Arc::clone(target), model.to_owned());
        }
        let offers = |target: &&Arc<Target>| target.is_known_to_offer(model);
        let target = self.targets.iter().find(offers).unwrap_or(&self.default.target);
        Candidate::new(Arc::clone(target), model.to_owned())
    }
}

impl Route {
    /// Returns the candidates: first the one that the weights draw, then the others in their order; those that pause
    /// are last.
    fn candidates(&self, random: &dyn Fn() -> u32) -> Vec<Candidate> {
        let weight = |entry: &RouteEntry| (!entry.candidate.health.is_pausing()).then_some(entry.weight);
        let weights: Vec<_> = self.entries.iter().map(weight).collect();
        let order = order(&weights, || random().into()).into_iter();
        order
            .filter_map(|at| self.entries.get(at))
            .map(|entry| entry.candidate.clone())
            .collect()
    }
}
