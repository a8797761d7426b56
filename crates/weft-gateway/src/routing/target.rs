//! A provider, with the values that requests to it need.

use std::env;

use clawft_types::Provider;
use tokio::sync::Mutex;
use weft_agent::{Error, forward::Endpoint};

use super::{ExtraBody, discovery::Discovered};

/// A provider, with the values that requests to it need.
#[derive(Debug)]
pub(crate) struct Target {
    /// The provider as it is configured.
    pub(crate) provider: Provider,
    /// Members of every request for an answer.
    pub(crate) extra_body: ExtraBody,
    endpoint: Result<Endpoint, Error>,
    /// The models that it offers.
    pub(super) discovered: Mutex<Discovered>,
}

impl Target {
    pub(super) fn new(provider: Provider, extra_body: ExtraBody) -> Target {
        let endpoint = clawft_core::Endpoint::new(&provider, &|name| env::var(name).ok());
        Target {
            provider,
            extra_body,
            endpoint: endpoint.map_err(Error::from).and_then(Endpoint::new),
            discovered: Mutex::default(),
        }
    }

    /// Returns the address and headers.
    ///
    /// # Errors
    /// If the key is missing or unusable.
    pub(crate) fn endpoint(&self) -> Result<&Endpoint, &Error> {
        self.endpoint.as_ref()
    }
}
