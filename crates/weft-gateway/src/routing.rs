//! The providers that requests are passed on to, and which of them serve a model.

mod candidates;
mod discovery;
mod extra_body;
mod health;
mod target;

pub(super) use candidates::Candidate;
pub(super) use discovery::Discovery;
#[cfg(test)]
pub(super) use discovery::{FRESH, WAIT};
pub(super) use extra_body::ExtraBody;
pub(super) use health::Health;
pub(super) use target::Target;

use std::sync::Arc;

use clawft_api::routing::unknown_provider;
use clawft_types::{
    Config, Provider,
    config::{ModelEntry, ModelMap},
};
use weft_agent::{ConfigFile, Error};

/// The providers, and which of them serve a model.
#[derive(Debug)]
pub(super) struct Routing {
    /// The model of the configuration, at its provider.
    default: Candidate,
    /// All providers that can be used, the default one first.
    targets: Vec<Arc<Target>>,
    /// The names that the configuration maps.
    routes: Vec<Route>,
}

/// A name for clients, and the models behind it.
#[derive(Debug)]
struct Route {
    name: String,
    entries: Vec<RouteEntry>,
}

/// A model behind a name.
#[derive(Debug)]
struct RouteEntry {
    candidate: Candidate,
    weight: u32,
}

impl Routing {
    /// Returns the routing of a configuration file, whose agent's part is `config`.
    ///
    /// # Errors
    /// If `models` is invalid or names a provider that is not configured. `warn` gets those that cannot be used.
    pub(super) fn read(config: &Config, file: &ConfigFile, warn: &dyn Fn(&str)) -> Result<Routing, Error> {
        let models =
            file.part(
                |root| match root.get("gateway").and_then(|gateway| gateway.get("models")) {
                    Some(models) => ModelMap::read(models),
                    None => Ok(ModelMap::default()),
                },
            )?;
        let others = file.part(|root| Ok(Config::providers(root)))?;
        let mut providers = vec![config.provider.clone()];
        for (name, read) in others {
            match read {
                _ if name == config.provider.name => {}
                Ok(provider) => providers.push(provider),
                Err(error) => warn(&format!("the provider `{name}` cannot be used: {error}")),
            }
        }
        let extra = |provider: &Provider| file.part(|root| Ok(ExtraBody::read(root, &provider.name)));
        let extras = providers.iter().map(extra).collect::<Result<Vec<_>, _>>()?;
        Routing::new(config, providers.into_iter().zip(extras), &models)
    }

    /// Returns the routing to these providers, of which the first one is the default.
    fn new(
        config: &Config,
        providers: impl Iterator<Item = (Provider, ExtraBody)>,
        models: &ModelMap,
    ) -> Result<Routing, Error> {
        let targets: Vec<_> = providers
            .map(|(provider, extra)| Arc::new(Target::new(provider, extra)))
            .collect();
        let Some(first) = targets.first() else {
            return Err(Error::other("no provider is configured"));
        };
        let default = Candidate::new(Arc::clone(first), config.agents.model.clone());
        let mut routing = Routing {
            default,
            targets,
            routes: Vec::new(),
        };
        for (name, entries) in models.iter() {
            let entries = entries.iter().map(|entry| routing.entry(name, entry));
            let route = Route {
                name: name.to_owned(),
                entries: entries.collect::<Result<_, _>>()?,
            };
            routing.routes.push(route);
        }
        Ok(routing)
    }

    fn entry(&self, name: &str, entry: &ModelEntry) -> Result<RouteEntry, Error> {
        let target = match &entry.provider {
            None => Some(&self.default.target),
            Some(provider) => self.target(provider),
        };
        let target = target.ok_or_else(|| Error::other(unknown_provider(name, entry)))?;
        Ok(RouteEntry {
            candidate: Candidate::new(Arc::clone(target), entry.model.clone()),
            weight: entry.weight,
        })
    }

    fn target(&self, name: &str) -> Option<&Arc<Target>> {
        self.targets.iter().find(|target| target.provider.name == name)
    }
}

#[cfg(test)]
mod tests;
