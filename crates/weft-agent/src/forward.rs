//! Requests of others, passed on to a provider without a turn.

use crate::agent::Agent;
use crate::agent::transport;
use crate::error::{Error, Fault};
use clawft_core::TransportError;
use http::{HeaderMap, HeaderName, Method, Response};
use reqwest::Client;
use std::cell::RefCell;

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
        Ok(Endpoint { inner, headers })
    }

    /// Returns the address of `path`, which has no slash at its beginning, for a request to `model`.
    ///
    /// # Errors
    /// [`Fault::Request`] if there is no such address.
    pub fn url(&self, path: &str, model: &str) -> Result<Url, Error> {
        let url = Url::parse(&self.inner.url(&["/", path].concat(), model));
        Ok(url.map_err(|_| Fault::Request("the path is not valid"))?)
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
        Forwarder(self.client.clone())
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
