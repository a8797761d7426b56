//! The dialects of the providers, one module each, selected by [`Kind`].
//!
//! A dialect builds a request here, and reads an answer in [`answer`](crate::answer); keys, retries and error
//! messages are the same for all.

mod anthropic;
mod openai;

pub use anthropic::max_tokens as anthropic_max_tokens;

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};
use core::time::Duration;

use clawft_types::{
    Config, Kind, Message, Provider, ToolDefinition,
    config::{Rejected, encode},
    memory::NoMemory,
    text::Ascii as _,
};

use crate::{
    http::{Header, HeaderValue, HttpRequest, Method},
    key::Key,
};

/// The factor by which a stream may be longer than its text: its events hold more than the text.
pub(crate) const STREAM_OVERHEAD: usize = 16;

/// The part of a conversation that goes with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversation<'a> {
    /// The messages, oldest first, in two parts.
    pub(crate) messages: [&'a [Message]; 2],
    /// The tools that are offered.
    pub(crate) tools: &'a [ToolDefinition],
}

/// Returns the request that continues the `conversation`, of which the first byte of the answer has to arrive
/// within `timeout`, and the last one within `total_timeout`.
pub(crate) fn request(
    config: &Config,
    key: &Key,
    conversation: Conversation<'_>,
    timeout: Duration,
    total_timeout: Duration,
) -> Result<HttpRequest, NoMemory> {
    let provider = &config.provider;
    let stream = provider.stream && !provider.rejected.has(Rejected::STREAM);
    let (path, body) = match provider.kind {
        Kind::OpenAi => (openai::PATH, openai::body(config, conversation, stream)?),
        Kind::Anthropic => (anthropic::PATH, anthropic::body(config, conversation, stream)?),
    };
    let overhead = if stream { STREAM_OVERHEAD } else { 1 };
    Ok(HttpRequest {
        method: Method::Post,
        url: url(provider, &config.agents.model, path),
        headers: headers(provider, key),
        body,
        timeout: timeout.min(total_timeout),
        idle_timeout: provider.idle_timeout,
        total_timeout,
        stream,
        max_response: provider.max_response.saturating_mul(overhead),
    })
}

/// Returns the headers of the configuration and those of the protocol. The configuration's win.
pub(crate) fn headers(provider: &Provider, key: &Key) -> Vec<Header> {
    let mut headers = key.headers.clone();
    let mut add = |name: &'static str, value: &str| {
        if headers.iter().all(|header| header.name != name) {
            headers.push(Header {
                name: name.into(),
                value: HeaderValue::Plain(value.to_owned()),
            });
        }
    };
    add("content-type", "application/json");
    // Some providers' firewalls reject clients without a user agent.
    add("user-agent", concat!("clawft/", env!("CARGO_PKG_VERSION")));
    if provider.kind == Kind::Anthropic {
        add("anthropic-version", anthropic::VERSION);
    }
    headers
}

/// Returns the address with `path`, unless the configuration has it already, and the query. At Azure the path
/// holds the name of the deployment, for which the `model`'s stands; the list of models has an empty one.
pub(crate) fn url(provider: &Provider, model: &str, path: &str) -> String {
    let mut url = provider.api_base.clone();
    if provider.preset.is_azure() {
        // Without a path the address has the two slashes of its scheme.
        let bare = provider.api_base.pieces(b'/').count() == 3;
        if bare {
            url.push_str("/openai");
        }
        if !model.is_empty() && (bare || provider.api_base.ends_with("/openai")) {
            url.push_str("/deployments/");
            encode(&mut url, model);
        }
    }
    if !url.ends_with(path) {
        url.push_str(path);
    }
    let query = provider.query.expose();
    if !query.is_empty() {
        url.push('?');
        url.push_str(query);
    }
    url
}
