//! The headers that are passed on, in both directions. All others belong to one of the two connections.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clawft_api::upstream::{TO_PROVIDER, goes_to_client};
use weft_agent::forward::Endpoint;

/// Those that go to the provider and are lists, to which both the configuration and the client may add.
const LISTS: [&str; 4] = ["tracestate", "baggage", "openai-beta", "anthropic-beta"];

/// The name of the provider that answered.
pub(super) const PROVIDER: HeaderName = HeaderName::from_static("x-clawft-provider");

/// The name of the model at that provider.
pub(super) const MODEL: HeaderName = HeaderName::from_static("x-clawft-model");

/// Returns the headers of a provider with those of the client's request that it may need. A header that the
/// configuration sets stays, and the client can only add to lists.
pub(super) fn to_provider(provider: &Endpoint, client: &HeaderMap) -> HeaderMap {
    merged(provider.headers(), &|name| provider.configures(name), client)
}

fn merged(own: &HeaderMap, configured: &dyn Fn(&str) -> bool, client: &HeaderMap) -> HeaderMap {
    let mut headers = own.clone();
    let mut last = None;
    for (name, value) in client {
        // The values of a header follow each other.
        let is_first = last.replace(name) != Some(name);
        if !TO_PROVIDER.contains(&name.as_str()) {
            continue;
        }
        let configured = configured(name.as_str());
        if configured && !LISTS.contains(&name.as_str()) {
            continue;
        }
        if is_first && !configured {
            headers.insert(name, value.clone());
        } else {
            headers.append(name, value.clone());
        }
    }
    headers
}

/// Adds the headers of a provider's response to those for the client.
pub(super) fn to_client(provider: &HeaderMap, client: &mut HeaderMap) {
    for (name, value) in provider.iter().filter(|(name, _)| goes_to_client(name.as_str())) {
        client.append(name.clone(), value.clone());
    }
}

/// Adds the headers that tell who answered.
pub(super) fn served_by(provider: &str, model: &str, client: &mut HeaderMap) {
    for (name, text) in [(PROVIDER, provider), (MODEL, model)] {
        if let Ok(value) = HeaderValue::from_str(text) {
            client.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn clients_key_and_cookies_stay_here() {
        let own = headers(&[("authorization", "Bearer own"), ("anthropic-version", "1")]);
        let client = headers(&[
            ("authorization", "Bearer client"),
            ("x-api-key", "client"),
            ("cookie", "a=b"),
            ("host", "gateway"),
            ("traceparent", "00-1"),
            ("anthropic-version", "2"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
        ]);
        let expected = headers(&[
            ("authorization", "Bearer own"),
            ("anthropic-version", "2"),
            ("traceparent", "00-1"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
        ]);
        assert_eq!(merged(&own, &|_| false, &client), expected);
    }

    #[test]
    fn configured_headers_win_and_lists_grow() {
        let own = headers(&[("anthropic-version", "1"), ("anthropic-beta", "own")]);
        let client = headers(&[
            ("anthropic-version", "2"),
            ("anthropic-beta", "b"),
            ("traceparent", "00-1"),
        ]);
        let expected = headers(&[
            ("anthropic-version", "1"),
            ("anthropic-beta", "own"),
            ("anthropic-beta", "b"),
            ("traceparent", "00-1"),
        ]);
        let configured = |name: &str| name.starts_with("anthropic-");
        assert_eq!(merged(&own, &configured, &client), expected);
    }

    #[test]
    fn connection_and_account_stay_behind() {
        let provider = headers(&[
            ("content-type", "text/event-stream"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
            ("set-cookie", "a=b"),
            ("openai-organization", "somebody"),
            ("x-request-id", "req_1"),
            ("x-ratelimit-remaining-tokens", "9"),
            ("anthropic-ratelimit-requests-limit", "8"),
        ]);
        let mut client = HeaderMap::new();
        to_client(&provider, &mut client);
        let expected = headers(&[
            ("content-type", "text/event-stream"),
            ("x-request-id", "req_1"),
            ("x-ratelimit-remaining-tokens", "9"),
            ("anthropic-ratelimit-requests-limit", "8"),
        ]);
        assert_eq!(client, expected);
    }
}
