//! The models that a provider offers, asked with `GET /models`.

use std::{sync::Arc, time::Duration};

use axum::{body::Bytes, http::Method};
use clawft_api::routing::qualified;
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Limited};
use tokio::time::{Instant, timeout};
use weft_agent::{
    forward::Forwarder,
    models::{self, LARGEST},
};

use super::{Routing, Target};
use crate::work_limits::WorkLimits;

/// The time for which an answer counts.
pub(crate) const FRESH: Duration = Duration::from_secs(300);

/// The time for which a failure counts.
const FAILED: Duration = Duration::from_secs(30);

/// The longest time that a client waits for the providers.
pub(crate) const WAIT: Duration = Duration::from_secs(3);

/// Asks providers for their models.
#[derive(Clone)]
pub(crate) struct Discovery {
    forwarder: Forwarder,
    work: Arc<WorkLimits>,
}

impl Discovery {
    /// Returns one that sends with `forwarder`, and parses large answers within the limits of `work`.
    pub(crate) fn new(forwarder: Forwarder, work: Arc<WorkLimits>) -> Discovery {
        Discovery { forwarder, work }
    }

    /// Returns the models of a provider; `None` if it does not answer with a list.
    async fn ask(&self, target: &Target) -> Option<Vec<String>> {
        let endpoint = target.endpoint().ok()?;
        let url = models::address(&target.provider, endpoint).ok()?;
        let headers = endpoint.headers().clone();
        let response = self
            .forwarder
            .send(Method::GET, url, headers, Bytes::new())
            .await
            .ok()?;
        if !response.status().is_success() {
            return None;
        }
        let body = Limited::new(response.into_body(), LARGEST)
            .collect()
            .await
            .ok()?
            .to_bytes();
        self.work.parse(move || models::names(&body)).await.ok()?
    }
}

/// The models of a provider, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    models: Arc<Vec<String>>,
    until: Option<Instant>,
}

impl Target {
    /// Returns whether the provider is known to offer a model. Asks nobody.
    pub(super) fn is_known_to_offer(&self, model: &str) -> bool {
        let known = self.discovered.try_lock();
        known.is_ok_and(|known| known.models.iter().any(|name| name == model))
    }

    /// Returns the models of the provider, which is asked if it is too long ago. What was known before stays
    /// known if it fails.
    async fn models(&self, discovery: &Discovery) -> Arc<Vec<String>> {
        let mut known = self.discovered.lock().await;
        let now = Instant::now();
        if known.until.is_none_or(|until| until <= now) {
            // Noted first: a client that gives up must not make the next one wait again.
            known.until = Some(now + FAILED);
            if let Ok(Some(models)) = timeout(WAIT, discovery.ask(self)).await {
                known.models = Arc::new(models);
                known.until = Some(now + FRESH);
            }
        }
        Arc::clone(&known.models)
    }

    /// Learns the models. A client waits for that the first time only.
    async fn learn(self: &Arc<Target>, discovery: &Discovery) {
        let until = match self.discovered.try_lock() {
            Ok(known) => known.until,
            Err(_) => return,
        };
        match until {
            None => drop(self.models(discovery).await),
            Some(until) if until <= Instant::now() => {
                let target = Arc::clone(self);
                let discovery = discovery.clone();
                tokio::spawn(async move { target.models(&discovery).await });
            }
            Some(_) => {}
        }
    }
}

impl Routing {
    /// Returns the names that clients may use, with their owners: those of the configuration first. The
    /// models of other providers than the default one carry its name.
    pub(crate) async fn offered(&self, discovery: &Discovery) -> Vec<(String, String)> {
        let default = &self.default.target.provider.name;
        let mut offered = vec![(self.default.model.clone(), default.clone())];
        for route in &self.routes {
            let owner = route
                .entries
                .first()
                .map(|entry| &entry.candidate.target.provider.name);
            add(&mut offered, route.name.clone(), owner.unwrap_or(default));
        }
        self.discover(discovery, &mut offered).await;
        offered
    }

    async fn discover(&self, discovery: &Discovery, offered: &mut Vec<(String, String)>) {
        let default = &self.default.target.provider.name;
        let known = join_all(self.targets.iter().map(|target| target.models(discovery))).await;
        let mapped = offered.len();
        for (target, models) in self.targets.iter().zip(known) {
            let owner = &target.provider.name;
            for model in models.iter() {
                let name = match owner == default {
                    true => model.clone(),
                    false => format!("{owner}/{model}"),
                };
                let earlier = offered.get(..mapped).unwrap_or_default();
                if !earlier.iter().any(|(known, _)| *known == name) {
                    offered.push((name, owner.clone()));
                }
            }
        }
    }

    /// Learns the models of all providers, if there are several and `model` is not mapped: one of them may
    /// offer it.
    pub(crate) async fn learn(&self, discovery: &Discovery, model: Option<&str>) {
        let Some(model) = model.filter(|_| self.targets.len() > 1) else {
            return;
        };
        let qualified = qualified(model, |provider| self.target(provider)).is_some();
        let mapped = self.routes.iter().any(|route| route.name == model);
        if !qualified && !mapped && model != self.default.model {
            join_all(self.targets.iter().map(|target| target.learn(discovery))).await;
        }
    }
}

fn add(offered: &mut Vec<(String, String)>, name: String, owner: &str) {
    if !offered.iter().any(|(known, _)| *known == name) {
        offered.push((name, owner.to_owned()));
    }
}
