//! The providers that requests are passed on to.

use clawft_types::{Config, Provider};
use std::env;
use std::sync::Arc;
use weft_agent::Error;
use weft_agent::forward::Endpoint;

/// A provider, with what requests to it need.
#[derive(Debug)]
pub(super) struct Target {
    /// The provider as it is configured.
    pub(super) provider: Provider,
    endpoint: Result<Endpoint, Error>,
}

impl Target {
    fn new(provider: Provider) -> Target {
        let endpoint = clawft_core::Endpoint::new(&provider, &|name| env::var(name).ok());
        Target {
            provider,
            endpoint: endpoint.map_err(Error::from).and_then(Endpoint::new),
        }
    }

    /// Returns the address and headers.
    ///
    /// # Errors
    /// If the key is missing or unusable.
    pub(super) fn endpoint(&self) -> Result<&Endpoint, &Error> {
        self.endpoint.as_ref()
    }
}

/// A provider to ask, and the model's name there.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) target: Arc<Target>,
    pub(super) model: String,
}

/// The providers, and which of them serve a model.
#[derive(Debug)]
pub(super) struct Routing {
    default: Candidate,
}

impl Routing {
    /// Returns the routing of a configuration.
    pub(super) fn new(config: &Config) -> Routing {
        Routing {
            default: Candidate {
                target: Arc::new(Target::new(config.provider.clone())),
                model: config.agents.model.clone(),
            },
        }
    }

    /// Returns who serves `model`, or the default model if none is named, in the order in which they are
    /// asked. There is at least one.
    pub(super) fn candidates(&self, model: Option<&str>) -> Vec<Candidate> {
        let model = model.map_or_else(|| self.default.model.clone(), str::to_owned);
        vec![Candidate {
            model,
            ..self.default.clone()
        }]
    }
}
