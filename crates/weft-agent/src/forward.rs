//! Requests of others, passed on to a provider without a turn.

use std::{
    cell::RefCell,
    fmt,
    sync::{Mutex, PoisonError},
};

use clawft_core::TransportError;
use http::{HeaderMap, HeaderName, Method, Response};
use reqwest::Client;

use crate::{
    agent::Agent,
    error::{Error, Fault},
    transport,
};

pub use reqwest::{Body, Url};

/// Sends requests through the agent's connections, or those of the current thread.
#[derive(Debug, Clone)]
pub struct Forwarder(Client);

thread_local! {
    /// The connections of this thread, if it has its own.
    static OWN: RefCell<Option<Client>> = const { RefCell::new(None) };
}

/// Gives the current thread connections of its own, for a thread with an event loop of its own.
///
/// # Errors
/// As [`Agent::new`].
pub fn keep_own_connections() -> Result<(), Error> {
    let client = transport::client()?;
    OWN.set(Some(client));
    Ok(())
}

/// The address and headers of a provider.
#[derive(Debug)]
pub struct Endpoint {
    inner: clawft_core::Endpoint,
    headers: HeaderMap,
    /// The last address. Most requests go to the same one, and parsing it takes a twentieth of their time.
    last: Mutex<Option<Address>>,
}

/// An address, and the text that it was parsed from.
struct Address {
    text: String,
    url: Url,
}

/// Shows nothing: the query may hold a key.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Returns the endpoint in the form that requests need.
    ///
    /// # Errors
    /// [`Fault::Request`] if a header or the address is invalid; the reason quotes nothing.
    pub fn new(inner: clawft_core::Endpoint) -> Result<Endpoint, Error> {
        Url::parse(&inner.url("/", "")).map_err(|_| Fault::Request("`api_base` is not a valid URL"))?;
        let mut headers = HeaderMap::new();
        for field in inner.headers() {
            let name = HeaderName::try_from(field.name.as_ref())
                .map_err(|_| Fault::Request("a header's name is not valid"))?;
            headers.insert(name, transport::header_value(&field.value)?);
        }
        Ok(Endpoint {
            inner,
            headers,
            last: Mutex::default(),
        })
    }

    /// Returns the address of `path`, which has no slash at its beginning, for a request to `model`.
    ///
    /// # Errors
    /// [`Fault::Request`] if there is no such address.
    pub fn url(&self, path: &str, model: &str) -> Result<Url, Error> {
        let text = self.inner.url(&["/", path].concat(), model);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last.as_ref().filter(|known| known.text == text) {
            return Ok(known.url.clone());
        }
        let url = Url::parse(&text).map_err(|_| Fault::Request("the path is not valid"))?;
        *last = Some(Address {
            text,
            url: url.clone(),
        });
        Ok(url)
    }

    /// Returns the headers of every request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl std::ops::Deref for Endpoint {
    type Target = clawft_core::Endpoint;

    fn deref(&self) -> &clawft_core::Endpoint {
        &self.inner
    }
}

impl Agent {
    /// Returns what passes on requests.
    pub fn forwarder(&self) -> Forwarder {
        Forwarder(self.client().clone())
    }
}

impl Forwarder {
    /// Sends a request, and returns the response as soon as its head has arrived.
    ///
    /// # Errors
    /// If there is no response.
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: impl Into<Body>,
    ) -> Result<Response<Body>, TransportError> {
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let own = OWN.with_borrow(Clone::clone);
        let sent = own.as_ref().unwrap_or(&self.0).execute(request).await;
        sent.map(Response::from)
            .map_err(|error| transport::explain(&error, false))
    }
}

/// Returns the failure of a response whose body broke off.
pub fn broken(error: &reqwest::Error) -> TransportError {
    transport::explain(error, true)
}

#[cfg(test)]
mod tests {
    use clawft_types::Config;

    use super::*;

    #[test]
    fn each_path_has_its_address() {
        let config = br#"{"agents":{"model":"m","provider":"a"},
            "providers":{"providers":{"a":{"api_base":"http://127.0.0.1:1/v1","api_key_env":"KEY"}}}}"#;
        let provider = Config::parse("config.json", config).unwrap().provider;
        let inner = clawft_core::Endpoint::new(&provider, &|_| Some("key".to_owned())).unwrap();
        let endpoint = Endpoint::new(inner).unwrap();
        for path in ["embeddings", "chat/completions", "chat/completions", "embeddings"] {
            let url = endpoint.url(path, "m").unwrap();
            assert_eq!(url.as_str(), format!("http://127.0.0.1:1/v1/{path}"));
        }
        assert!(!format!("{endpoint:?}").contains("embeddings"));
    }
}
