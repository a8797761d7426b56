//! The dialect of Anthropic's messages.

use alloc::vec::Vec;

use clawft_types::{Config, MessagesRequest, memory::NoMemory};

use super::Conversation;

pub(super) const PATH: &str = "/messages";

/// The version of the protocol, sent in the header `anthropic-version`.
pub(super) const VERSION: &str = "2023-06-01";

/// The maximum of `max_tokens` by the beginning of a model's name; the first one that fits counts. The
/// protocol requires the parameter.
const MAX_TOKENS: [(&str, u32); 14] = [
    ("claude-3-7", 64_000),
    ("claude-3-5", 8192),
    ("claude-3", 4096),
    ("claude-opus-4-5", 64_000),
    ("claude-opus-4-6", 128_000),
    ("claude-opus-4-7", 128_000),
    ("claude-opus-4-8", 128_000),
    ("claude-opus-4", 32_000),
    ("claude-opus-", 64_000),
    ("claude-sonnet-", 64_000),
    ("claude-haiku-", 64_000),
    ("claude-fable-", 64_000),
    ("claude-mythos-", 64_000),
    // Other models behind this protocol. All of them accept this value.
    ("", 4096),
];

pub(super) fn body(
    config: &Config,
    conversation: Conversation<'_>,
    stream: bool,
) -> Result<Vec<u8>, NoMemory> {
    let agents = &config.agents;
    let request = MessagesRequest {
        model: &agents.model,
        max_tokens: agents.max_tokens.unwrap_or_else(|| max_tokens(&agents.model)),
        max_tokens_field: &config.provider.max_tokens_field,
        system: agents.system_prompt.as_deref(),
        messages: conversation.messages,
        tools: conversation.tools,
        temperature: agents.temperature,
        stream,
        extra: &config.provider.extra_body,
    };
    request.to_json()
}

/// Returns the maximum of `max_tokens` for a model. Routers put a provider's name before the model's.
pub fn max_tokens(model: &str) -> u32 {
    let model = model.as_bytes();
    let at = model.windows(7).position(|part| part == b"claude-").unwrap_or(0);
    let name = model.get(at..).unwrap_or_default();
    let known = MAX_TOKENS
        .iter()
        .find(|(start, _)| name.starts_with(start.as_bytes()));
    known.map_or(4096, |(_, tokens)| *tokens)
}
