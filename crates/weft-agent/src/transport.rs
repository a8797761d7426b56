//! The HTTP client, which needs nothing of the system, and the conversion of the turn's requests.

mod cause;
mod proxy;

pub(crate) use cause::explain;

use std::{env, sync::Arc};

use clawft_core::{
    HeaderValue, HttpRequest, Method, TransportError,
    http::{MAX_HEADER_BYTES, MAX_HEADERS},
};
use reqwest::{Client, ClientBuilder, dns::Resolve, header, redirect::Policy, retry};

use crate::{
    error::{Error, Fault},
    tls,
};

/// Returns a client that follows no redirects, retries nothing by itself, and takes proxies from the
/// environment only.
///
/// # Errors
/// If the file of certificates or a proxy's address cannot be used.
pub(crate) fn client() -> Result<Client, Error> {
    build(Client::builder())
}

/// Does the same for a client that looks names up with `resolver`.
///
/// # Errors
/// As [`client`].
pub(crate) fn client_with_resolver(resolver: impl Resolve + 'static) -> Result<Client, Error> {
    build(Client::builder().dns_resolver(Arc::new(resolver)))
}

fn build(builder: ClientBuilder) -> Result<Client, Error> {
    let variable = |name: &str| env::var_os(name);
    proxy::check(&variable)?;
    let builder = match proxy::is_off(&variable) {
        true => builder.no_proxy(),
        false => builder,
    };
    builder
        .tls_backend_preconfigured(tls::client_config(None)?)
        .redirect(Policy::none())
        .retry(retry::never())
        .user_agent(concat!("weft/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::other(format!("HTTP cannot be set up: {}", cause::chain(&error))))
}

/// Returns the failure that a response is, if it is not the server's but that of a proxy.
pub(crate) fn refused_by_proxy(response: &reqwest::Response) -> Option<TransportError> {
    if response.status() != reqwest::StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return None;
    }
    let proxy = proxy::of(response.url())?;
    Some(TransportError::Impossible(format!(
        "{proxy}: {}",
        cause::PROXY_KEY
    )))
}

/// Converts the turn's request.
///
/// # Errors
/// [`Fault::Request`] for an invalid request; the reason quotes nothing, because it may be a key.
pub(crate) fn request(client: &Client, request: HttpRequest) -> Result<reqwest::RequestBuilder, Error> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    };
    let url =
        reqwest::Url::parse(&request.url).map_err(|_| Fault::Request("`api_base` is not a valid URL"))?;
    let mut builder = client.request(method, url);
    for field in &request.headers {
        builder = builder.header(field.name.as_ref(), header_value(&field.value)?);
    }
    Ok(builder.body(request.body))
}

/// Converts a header's value. A key is marked as sensitive.
///
/// # Errors
/// [`Fault::Request`] for an invalid value; the reason quotes nothing.
pub(crate) fn header_value(value: &HeaderValue) -> Result<header::HeaderValue, Error> {
    let mut converted = header::HeaderValue::from_str(value.expose())
        .map_err(|_| Fault::Request("a header's value (an API key, say) holds a line break"))?;
    converted.set_sensitive(matches!(value, HeaderValue::Secret(_)));
    Ok(converted)
}

/// Returns the headers of a response for the turn: the first ones if there are many, and none of excessive
/// length. Bytes that are not UTF-8 are replaced by `U+FFFD`.
pub(crate) fn headers(response: &reqwest::Response) -> Vec<(String, String)> {
    let fitting = response
        .headers()
        .iter()
        .filter(|(name, value)| name.as_str().len() + value.len() <= MAX_HEADER_BYTES);
    fitting
        .take(MAX_HEADERS)
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clawft_core::Header;
    use clawft_types::Secret;

    use super::*;

    #[test]
    fn marks_key_as_sensitive() {
        let key = Header {
            name: "authorization".into(),
            value: HeaderValue::Secret(Secret::new("Bearer sk-secret")),
        };
        let plain = Header {
            name: "accept".into(),
            value: HeaderValue::Plain("*/*".into()),
        };
        let asked = HttpRequest {
            method: Method::Post,
            url: "http://127.0.0.1:1/v1".to_owned(),
            headers: vec![key, plain],
            body: Vec::new(),
            timeout: std::time::Duration::from_secs(1),
            idle_timeout: std::time::Duration::from_secs(1),
            total_timeout: std::time::Duration::from_secs(1),
            max_response: 1,
            stream: false,
        };
        let request = request(&client().unwrap(), asked).unwrap().build().unwrap();
        let headers = request.headers();
        assert!(headers["authorization"].is_sensitive() && !headers["accept"].is_sensitive());
        assert_eq!(headers["authorization"], "Bearer sk-secret");
        assert!(!format!("{request:?}").contains("secret"), "{request:?}");
    }

    #[test]
    fn passes_on_first_headers_of_ordinary_length() {
        let name = "x-long";
        let longest = "v".repeat(MAX_HEADER_BYTES - name.len());
        let mut response = http::Response::builder();
        for value in [longest.as_str(), &[&longest, "v"].concat()] {
            response = response.header(name, value);
        }
        for number in 0..2 * MAX_HEADERS {
            response = response.header("x-many", number);
        }
        let handed_on = headers(&response.body("").unwrap().into());
        assert_eq!((handed_on.len(), MAX_HEADERS, MAX_HEADER_BYTES), (128, 128, 8192));
        assert_eq!(handed_on[0], (name.to_owned(), longest));
        assert_eq!(handed_on[1], ("x-many".to_owned(), "0".to_owned()));
    }
}
