//! The models that a provider offers, asked with `GET /models`.

use std::time::Duration;

use clawft_core::{TimeLimit, TransportError};
use clawft_types::{
    Kind, Provider,
    json::{self, Node},
};
use http::Method;
use reqwest::Response;
use tokio::time::timeout;

use crate::{
    agent::Agent,
    error::{Error, Fault},
    forward::{Endpoint, Url, broken},
    home::environment::variable,
    transport,
};

/// The time that a provider usually gets for its list.
pub const WAIT: Duration = Duration::from_secs(10);

/// The largest list in bytes.
pub const LARGEST: usize = 4 << 20;

/// The maximum number of models of a provider.
const MOST: usize = 2000;

/// The models of a provider that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// The names in the provider's order.
    Models(Vec<String>),
    /// The server answers, but has no list of models.
    Unlisted,
}

impl Agent {
    /// Asks `provider` for the names of its models, and waits for at most this time.
    ///
    /// # Errors
    /// If its key is missing or refused, or if it cannot be reached or answers with anything else than a list.
    pub async fn models(&self, provider: &Provider, wait: Duration) -> Result<Offer, Error> {
        let endpoint = Endpoint::new(clawft_core::Endpoint::new(provider, &variable)?)?;
        match timeout(wait, self.ask_for_models(provider, &endpoint)).await {
            Ok(asked) => asked,
            Err(_) => Err(unavailable(&endpoint, too_late(wait))),
        }
    }

    async fn ask_for_models(&self, provider: &Provider, endpoint: &Endpoint) -> Result<Offer, Error> {
        let request = self.client().request(Method::GET, address(provider, endpoint)?);
        let sent = request.headers(endpoint.headers().clone()).send().await;
        let response = sent.map_err(|error| unavailable(endpoint, transport::explain(&error, false)))?;
        let status = response.status().as_u16();
        if matches!(status, 404 | 405 | 501) {
            return Ok(Offer::Unlisted);
        }
        let body = read(response)
            .await
            .map_err(|error| unavailable(endpoint, error))?;
        if !(200..300).contains(&status) {
            return Err(Fault::Turn(endpoint.error(status, None, 1, body)).into());
        }
        let models = names(&body);
        models
            .map(Offer::Models)
            .ok_or_else(|| Fault::Turn(endpoint.bad_response("it is no list of models")).into())
    }
}

fn unavailable(endpoint: &Endpoint, error: TransportError) -> Error {
    Fault::Turn(endpoint.unavailable(error)).into()
}

fn too_late(wait: Duration) -> TransportError {
    TransportError::TimedOut {
        after: wait,
        limit: TimeLimit::Total,
    }
}

/// Reads a body up to [`LARGEST`] bytes.
async fn read(mut response: Response) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len().saturating_add(part.len()) > LARGEST {
            break;
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Returns the address of the list.
///
/// # Errors
/// [`Fault::Request`] if there is no such address.
pub fn address(provider: &Provider, endpoint: &Endpoint) -> Result<Url, Error> {
    let mut url = endpoint.url("models", "")?;
    // This protocol sends 20 names at a time, unless more are asked for.
    if provider.kind == Kind::Anthropic {
        url.query_pairs_mut().append_pair("limit", "1000");
    }
    Ok(url)
}

/// Reads `{"data":[{"id":"…"}, …]}`, or the list alone, as some servers send it.
pub fn names(body: &[u8]) -> Option<Vec<String>> {
    let tree = json::parse(body).ok()?;
    let root = Node::root(&tree);
    let items = root
        .get("data")
        .or(root.get("models"))
        .unwrap_or(root)
        .as_items()?;
    let names = items.filter_map(|item| item.text_of("id").or(item.text_of("name")).map(str::to_owned));
    Some(names.take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lists_of_known_servers() {
        let read = |text: &str| names(text.as_bytes());
        let both = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(read(r#"{"data":[{"id":"a"},{"x":1},{"id":"b"}]}"#), both);
        assert_eq!(read(r#"[{"id":"a"},{"id":"b"}]"#), both);
        assert_eq!(read(r#"{"models":[{"name":"a"},{"name":"b"}]}"#), both);
        assert_eq!(read(r#"{"data":[]}"#), Some(Vec::new()));
        for text in ["", "{}", "[", r#"{"data":{}}"#, "\"a\""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
