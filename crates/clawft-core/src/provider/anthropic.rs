//! The dialect of Anthropic's messages.

use super::Answer;
use crate::http::{Header, HeaderValue};
use alloc::vec::Vec;
use clawft_types::anthropic::read_usage;
use clawft_types::json::{JsonError, Node};
use clawft_types::memory::{self, NoMemory};
use clawft_types::{Config, Message, MessagesRequest, MessagesResponse, Secret};

pub(super) const PATH: &str = "/messages";

/// The version of the protocol, sent in the header `anthropic-version`.
pub(super) const VERSION: &str = "2023-06-01";

/// The default of `max_tokens`, which the protocol requires. Every current model accepts this value.
const DEFAULT_MAX_TOKENS: u32 = 4096;

pub(super) fn key_header(key: &Secret) -> Header {
    Header {
        name: "x-api-key",
        value: HeaderValue::Secret(key.clone()),
    }
}

pub(super) fn body(config: &Config, messages: &[Message], stream: bool) -> Result<Vec<u8>, NoMemory> {
    let agents = &config.agents;
    let request = MessagesRequest {
        model: &agents.model,
        max_tokens: agents.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        system: agents.system_prompt.as_deref(),
        messages,
        temperature: agents.temperature,
        stream,
    };
    request.to_json()
}

pub(super) fn answer(body: Node<'_>) -> Result<Answer, JsonError> {
    let response = MessagesResponse::read(body)?;
    Ok(Answer {
        text: response.text,
        finish_reason: response.stop_reason,
        usage: response.usage,
    })
}

/// Reads an event, whose kind follows from its members: `message_start` holds a message with the usage of the
/// request, `content_block_delta` a delta with text, `message_delta` one with the stop reason and the usage
/// of the answer.
pub(super) fn event(event: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(usage) = event.get("message").unwrap_or(event).get("usage") {
        answer.usage = Some(read_usage(usage, answer.usage.unwrap_or_default()));
    }
    let Some(delta) = event.get("delta") else {
        return Ok(());
    };
    if let Some(text) = delta.get("text") {
        memory::append_text(&mut answer.text, text.text()?)?;
    }
    if let Some(reason) = delta.text_of("stop_reason") {
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    Ok(())
}
