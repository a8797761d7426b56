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
use clawft_types::{Config, Kind, Message, Secret, ToolDefinition};
use core::time::Duration;

/// The part of a conversation that goes with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversation<'a> {
    /// The messages, oldest first, in two parts.
    pub(crate) messages: [&'a [Message]; 2],
    /// The tools that are offered.
    pub(crate) tools: &'a [ToolDefinition],
}

/// Returns the request that continues the `conversation`. It has no authorisation header if there is
/// no `key`, because local servers need none.
pub(crate) fn request(
    config: &Config,
    key: Option<&Secret>,
    conversation: Conversation<'_>,
    stream: bool,
    timeout: Duration,
) -> Result<HttpRequest, NoMemory> {
    let provider = &config.provider;
    let (path, body) = match provider.kind {
        Kind::OpenAi => (openai::PATH, openai::body(config, conversation, stream)?),
        Kind::Anthropic => (anthropic::PATH, anthropic::body(config, conversation, stream)?),
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
