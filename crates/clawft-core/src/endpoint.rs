//! The address and headers of a provider, for programs that pass on the requests of their clients.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::time::Duration;

use clawft_types::Provider;

use crate::{
    answer::Failure,
    error::TurnError,
    http::{Header, TransportError},
    key::Key,
    provider, redact,
    refusal::Request,
};

/// A provider as the receiver of requests that others have built.
#[derive(Debug)]
pub struct Endpoint {
    provider: Provider,
    headers: Vec<Header>,
    key: Key,
}

impl Endpoint {
    /// Returns the endpoint of `provider`. `env` reads an environment variable. Fails if the provider's key is
    /// missing or unusable.
    pub fn new(provider: &Provider, env: &dyn Fn(&str) -> Option<String>) -> Result<Endpoint, TurnError> {
        let key = Key::find(provider, env)?;
        Ok(Endpoint {
            provider: provider.clone(),
            headers: provider::headers(provider, &key),
            key,
        })
    }

    /// Returns the URL of `path`, which begins with a slash, for a request to `model`.
    pub fn url(&self, path: &str, model: &str) -> String {
        provider::url(&self.provider, model, path)
    }

    /// Returns the headers of every request, of which one may hold the key.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Returns whether the configuration sets the header `name`, in lower case.
    pub fn configures(&self, name: &str) -> bool {
        self.key.headers.iter().any(|header| header.name == name)
    }

    /// Returns whether `text` holds the key or a part of it, and so must not be shown.
    pub fn shows_key(&self, text: &str) -> bool {
        redact::shows_key(text, self.key.secret.as_ref())
    }

    /// Returns the error for a response with an error status, after this number of attempts.
    pub fn error(
        &self,
        status: u16,
        retry_after: Option<Duration>,
        attempts: u32,
        body: Vec<u8>,
    ) -> TurnError {
        self.request(attempts)
            .failure(status, retry_after, Failure::of_body(body))
    }

    /// Returns the error for a request without a response.
    pub fn unavailable(&self, error: TransportError) -> TurnError {
        TurnError::Transport {
            target: self.request(1).target(),
            error,
        }
    }

    /// Returns the error for a response that breaks the protocol.
    pub fn bad_response(&self, cause: &str) -> TurnError {
        TurnError::BadResponse {
            target: self.request(1).target(),
            cause: cause.to_owned(),
        }
    }

    fn request(&self, attempts: u32) -> Request<'_> {
        Request {
            provider: &self.provider.name,
            base: &self.provider.api_base,
            url: &self.provider.api_base,
            key: &self.key,
            attempts,
        }
    }
}
