//! The dialects of the providers, one module each, selected by [`Kind`].
//!
//! A dialect builds a request here, and reads an answer in [`answer`](crate::answer); keys, retries and error
//! messages are the same for all.

mod anthropic;
mod openai;

use crate::http::{Header, HeaderValue, HttpRequest, Method};
use alloc::borrow::ToOwned as _;
use alloc::vec;
use alloc::vec::Vec;
use clawft_types::memory::NoMemory;
use clawft_types::{Config, Kind, Message, Secret};
use core::time::Duration;

/// Returns the request that continues the conversation `messages`. It has no authorisation header if there is
/// no `key`, because local servers need none.
pub(crate) fn request(
    config: &Config,
    key: Option<&Secret>,
    messages: &[Message],
    stream: bool,
    timeout: Duration,
) -> Result<HttpRequest, NoMemory> {
    let provider = &config.provider;
    let (path, body) = match provider.kind {
        Kind::OpenAi => (openai::PATH, openai::body(config, messages, stream)?),
        Kind::Anthropic => (anthropic::PATH, anthropic::body(config, messages, stream)?),
    };
    Ok(HttpRequest {
        method: Method::Post,
        url: [provider.api_base.as_str(), path].concat(),
        headers: headers(provider.kind, key),
        body,
        timeout,
        stream,
        max_response: provider.max_response,
    })
}

/// Returns the headers of every request in a dialect, with those for the `key` if there is one.
pub(crate) fn headers(kind: Kind, key: Option<&Secret>) -> Vec<Header> {
    let plain = |name: &'static str, value: &str| Header {
        name: name.into(),
        value: HeaderValue::Plain(value.to_owned()),
    };
    let mut headers = vec![
        plain("content-type", "application/json"),
        // Some providers' firewalls reject clients without a user agent.
        plain("user-agent", concat!("clawft/", env!("CARGO_PKG_VERSION"))),
    ];
    match kind {
        Kind::OpenAi => headers.extend(key.map(openai::key_header)),
        Kind::Anthropic => {
            headers.push(plain("anthropic-version", anthropic::VERSION));
            headers.extend(key.map(anthropic::key_header));
        }
    }
    headers
}
