//! HTTP, one request after the other: past proxies to this machine, through them to all others.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};

use super::failure::{Failure, Purpose, Refusal};

/// The time that a registry may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(30);

/// The time that a request may take beyond the transfer of its body.
const ANSWERING: Duration = Duration::from_secs(120);

/// The bytes of a body that go up in a second at least: 128 kbit/s.
const SLOWEST: u64 = 16 * 1024;

/// The clients for HTTP.
pub(super) struct Transport {
    direct: Client,
    proxied: Client,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) purpose: Purpose,
}

/// A response, whatever its status.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The URL that answered, after redirections.
    pub(super) url: Url,
    /// The purpose of the request.
    purpose: Purpose,
}

impl Request {
    /// Returns a request without a body.
    pub(super) fn new(method: Method, url: Url, purpose: Purpose) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), purpose }
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the body.
    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }
}

impl Response {
    /// Returns the response if its status is a success, and else what was refused.
    pub(super) fn success(self) -> Result<Self, Failure> {
        match self.status.is_success() {
            true => Ok(self),
            false => Err(self.refused()),
        }
    }

    /// Returns the response as a failure.
    pub(super) fn refused(&self) -> Failure {
        Failure::Refused(Box::new(Refusal::new(self.status, &self.headers, &self.body, self.purpose.clone())))
    }
}

impl Transport {
    /// Prepares for requests, with this trust in certificates.
    pub(super) fn new(tls: &rustls::ClientConfig) -> Result<Self> {
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(CONNECTING)
                .user_agent(concat!("clawft-image/", env!("CARGO_PKG_VERSION")))
        };
        let direct = builder().no_proxy().build().context("could not prepare for HTTP")?;
        let proxied = builder().build().context("could not prepare for HTTP through the proxy")?;
        Ok(Self { direct, proxied })
    }

    /// Sends a request and returns the whole response.
    pub(super) async fn send(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Result<Response, Failure> {
        let client = if is_loopback(&request.url) { &self.direct } else { &self.proxied };
        let transfer = Duration::from_secs(request.body.len() as u64 / SLOWEST);
        let mut headers = request.headers.clone();
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        let sent = client
            .request(request.method.clone(), request.url.clone())
            .headers(headers)
            .timeout(ANSWERING + transfer)
            // Also of nothing: some registries want its length.
            .body(request.body.clone())
            .send()
            .await;
        let response = sent.map_err(|error| Failure::of(&error.without_url()))?;
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        let body = response.bytes().await.map_err(|error| Failure::of(&error.without_url()))?;
        Ok(Response { status, headers, body, url, purpose: request.purpose.clone() })
    }
}

/// Returns whether `url` leads to this machine, where nothing crosses a network.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_on_loopback() {
        let is_loopback = |host: &str| is_loopback(&format!("http://{host}/").parse().unwrap());
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["ghcr.io", "10.0.0.1:5000", "127.0.0.1.example.org", "[2001:db8::1]:5000"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
