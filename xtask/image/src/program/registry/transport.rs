//! HTTP requests: directly to loopback, through the configured proxies to all other hosts.

use std::{cell::RefCell, env, io::Read as _, net::IpAddr, time::Duration};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{
        ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION,
    },
    redirect::Policy,
};
use tokio::time::timeout;

use super::failure::{Failure, Purpose, Refusal};

/// The timeout for connecting.
const CONNECTING: Duration = Duration::from_secs(30);

/// The timeout for a request, without the time for sending its body.
const ANSWERING: Duration = Duration::from_secs(120);

/// The slowest upload that does not time out, in bytes per second.
const SLOWEST: u64 = 16 * 1024;

/// The most redirects of one request.
const REDIRECTS: usize = 10;

/// The longest body of an error response that is read; the rest holds no message.
const LONGEST_ERROR: usize = 64 * 1024;

/// The time to wait for the next part of it.
const NEXT_PART: Duration = Duration::from_secs(5);

/// The longest body that is decompressed. Documents are far shorter, and blobs are not compressed again.
const LONGEST_BODY: u64 = 256 << 20;

/// The shortest secret that is looked for: a shorter one would be found in every text.
const SHORTEST_SECRET: usize = 4;

/// The clients for HTTP.
pub(super) struct Transport {
    direct: Client,
    proxied: Client,
    /// Passwords and tokens, which servers may repeat in their errors.
    secrets: RefCell<Vec<String>>,
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
    /// The URL of the response, after redirects.
    pub(super) url: Url,
    /// The purpose of the request.
    purpose: Purpose,
}

impl Request {
    /// Returns a request without a body.
    pub(super) fn new(method: Method, url: Url, purpose: Purpose) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            purpose,
        }
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
    /// Returns the response if its status is a success, else a failure.
    pub(super) fn success(self) -> Result<Self, Failure> {
        match self.status.is_success() {
            true => Ok(self),
            false => Err(self.refused()),
        }
    }

    /// Returns the response as a failure.
    pub(super) fn refused(&self) -> Failure {
        Failure::Refused(Box::new(Refusal::new(
            self.status,
            &self.headers,
            &self.body,
            self.purpose.clone(),
        )))
    }
}

impl Transport {
    /// Makes the clients, with this TLS configuration.
    pub(super) fn new(tls: &rustls::ClientConfig) -> Result<Self> {
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(CONNECTING)
                // A POST that is redirected would arrive as a GET.
                .redirect(Policy::none())
                .user_agent(concat!("clawft-image/", env!("CARGO_PKG_VERSION")))
        };
        let direct = builder()
            .no_proxy()
            .build()
            .context("could not prepare for HTTP")?;
        let proxied = builder()
            .build()
            .context("could not prepare for HTTP through the proxy")?;
        Ok(Self {
            direct,
            proxied,
            secrets: RefCell::default(),
        })
    }

    /// Leaves `secret` out of the bodies of errors from now on.
    pub(super) fn hide(&self, secret: &str) {
        let mut secrets = self.secrets.borrow_mut();
        let in_json = serde_json::Value::from(secret).to_string();
        for form in [secret, in_json.trim_matches('"')] {
            if form.len() >= SHORTEST_SECRET && !secrets.iter().any(|known| known == form) {
                secrets.push(form.to_owned());
            }
        }
    }

    fn without_secrets(&self, body: Bytes) -> Bytes {
        let secrets = self.secrets.borrow();
        let mut found: Vec<&String> = secrets.iter().filter(|secret| contains(&body, secret)).collect();
        // One may be a part of another, such as a password in a token.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        if found.is_empty() {
            return body;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let text = found
            .into_iter()
            .fold(text, |text, secret| text.replace(secret.as_str(), "…"));
        text.into_bytes().into()
    }

    /// Sends a request and returns the whole response. Follows redirects with the same method and body, except those to
    /// the response of another request; only the first origin gets the `authorization`.
    pub(super) async fn send(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Result<Response, Failure> {
        let mut response = self.exchange(request, authorization.clone()).await?;
        let mut next = request.clone();
        for _ in 0..REDIRECTS {
            let Some(url) = redirect(&response) else {
                return Ok(response);
            };
            if response.status == StatusCode::SEE_OTHER && next.method != Method::HEAD {
                next.method = Method::GET;
                next.body = Bytes::new();
            }
            next.url = url;
            let is_same = next.url.origin() == request.url.origin();
            let authorization = authorization.clone().filter(|_| is_same);
            response = self.exchange(&next, authorization).await?;
        }
        let endless = "it sends requests from one address to another, without an end";
        Err(Failure::Other(endless.to_owned()))
    }

    async fn exchange(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Result<Response, Failure> {
        let client = if is_loopback(&request.url) {
            &self.direct
        } else {
            &self.proxied
        };
        let transfer = Duration::from_secs(request.body.len() as u64 / SLOWEST);
        let mut headers = request.headers.clone();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        let sent = client
            .request(request.method.clone(), request.url.clone())
            .headers(headers)
            .timeout(ANSWERING + transfer)
            // An empty body has a length too, which some registries require.
            .body(request.body.clone())
            .send()
            .await;
        let response = sent.map_err(|error| Failure::of(&error.without_url()))?;
        let status = response.status();
        let headers = response.headers().clone();
        let url = response.url().clone();
        let is_error = status.is_client_error() || status.is_server_error();
        let body = if is_error {
            error_body(response).await
        } else {
            response
                .bytes()
                .await
                .map_err(|error| Failure::of(&error.without_url()))?
        };
        let mut body = decompressed(&headers, body);
        if is_error {
            body = self.without_secrets(body);
        }
        Ok(Response {
            status,
            headers,
            body,
            url,
            purpose: request.purpose.clone(),
        })
    }
}

/// Returns the URL that a response sends the request on to.
fn redirect(response: &Response) -> Option<Url> {
    if !matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    let url = response.url.join(location.trim()).ok()?;
    ["http", "https"].contains(&url.scheme()).then_some(url)
}

/// Returns the body of a response without a compression that was not asked for.
fn decompressed(headers: &HeaderMap, body: Bytes) -> Bytes {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    let is_gzip = encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case(b"gzip"));
    if !is_gzip || body.is_empty() {
        return body;
    }
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(&body[..])
        .take(LONGEST_BODY)
        .read_to_end(&mut bytes);
    // The header may be wrong. The digest tells, where there is one.
    if read.is_ok() { bytes.into() } else { body }
}

fn contains(body: &[u8], secret: &str) -> bool {
    body.windows(secret.len())
        .any(|window| window == secret.as_bytes())
}

/// Reads the body of an error response: the beginning, or as much of it as arrives. The status is the answer also if
/// the connection breaks or stalls after it.
async fn error_body(mut response: reqwest::Response) -> Bytes {
    let mut body = Vec::new();
    while let Ok(Ok(Some(chunk))) = timeout(NEXT_PART, response.chunk()).await {
        body.extend_from_slice(&chunk);
        if body.len() >= LONGEST_ERROR {
            break;
        }
    }
    body.into()
}

/// Returns whether `registry`, a host with or without a port, is this machine.
pub(super) fn is_local(registry: &str) -> bool {
    format!("http://{registry}/")
        .parse()
        .is_ok_and(|url| is_loopback(&url))
}

/// Returns the variable that names a proxy for `registry`, which is asked in plain HTTP or with TLS.
pub(super) fn proxy(registry: &str, plain: bool) -> Option<&'static str> {
    let own = if plain {
        ["HTTP_PROXY", "http_proxy"]
    } else {
        ["HTTPS_PROXY", "https_proxy"]
    };
    let mut names = own.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_local(registry) {
        None
    } else {
        names.find(is_set)
    }
}

/// Returns whether the host of `url` is this machine, where nothing crosses a network.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decompresses_what_was_compressed_without_being_asked() {
        let gzip = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("GZIP"))]);
        let compressed = Bytes::from(builds::files::gzip(b"document").unwrap());
        assert_eq!(decompressed(&gzip, compressed.clone()), "document");
        assert_eq!(decompressed(&HeaderMap::new(), compressed.clone()), compressed);
        assert_eq!(decompressed(&gzip, Bytes::from("document")), "document");
        assert_eq!(decompressed(&gzip, Bytes::new()), "");
    }

    #[test]
    fn only_this_machine_is_on_loopback() {
        let is_loopback = |host: &str| is_loopback(&format!("http://{host}/").parse().unwrap());
        for host in [
            "localhost",
            "localhost:5000",
            "127.0.0.1:5000",
            "127.1.2.3",
            "[::1]:5000",
            "[::ffff:127.0.0.1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "ghcr.io",
            "10.0.0.1:5000",
            "127.0.0.1.example.org",
            "[2001:db8::1]:5000",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
