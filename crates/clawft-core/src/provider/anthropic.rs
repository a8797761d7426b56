//! The dialect of Anthropic's messages.

use super::Conversation;
use crate::http::{Header, HeaderValue};
use alloc::vec::Vec;
use clawft_types::memory::NoMemory;
use clawft_types::{Config, MessagesRequest, Secret};

pub(super) const PATH: &str = "/messages";

/// The version of the protocol, sent in the header `anthropic-version`.
pub(super) const VERSION: &str = "2023-06-01";

/// The default of `max_tokens`, which the protocol requires. Every current model accepts this value.
const DEFAULT_MAX_TOKENS: u32 = 4096;

pub(super) fn key_header(key: &Secret) -> Header {
    Header {
        name: "x-api-key".into(),
        value: HeaderValue::Secret(key.clone()),
    }
}

pub(super) fn body(
    config: &Config,
    conversation: Conversation<'_>,
    stream: bool,
) -> Result<Vec<u8>, NoMemory> {
    let agents = &config.agents;
    let request = MessagesRequest {
        model: &agents.model,
        max_tokens: agents.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        system: agents.system_prompt.as_deref(),
        messages: conversation.messages,
        tools: conversation.tools,
        temperature: agents.temperature,
        stream,
    };
    request.to_json()
}
