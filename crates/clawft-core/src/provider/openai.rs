//! The dialect of OpenAI's chat completions, which compatible servers share.

use super::{Answer, Fault};
use crate::http::{Header, HeaderValue};
use alloc::vec::Vec;
use clawft_types::completion::read_usage;
use clawft_types::json::{JsonError, Node};
use clawft_types::memory::{self, NoMemory};
use clawft_types::{CompletionRequest, CompletionResponse, Config, Kind, Message, Role, Secret};

pub(super) const PATH: &str = "/chat/completions";

pub(super) fn key_header(key: &Secret) -> Header {
    let value = Secret::new(["Bearer ", key.expose()].concat());
    Header {
        name: "authorization",
        value: HeaderValue::Secret(value),
    }
}

pub(super) fn body(config: &Config, messages: &[Message], stream: bool) -> Result<Vec<u8>, NoMemory> {
    let agents = &config.agents;
    let system = agents
        .system_prompt
        .as_ref()
        .map(|prompt| Message::new(Role::System, prompt));
    // OpenAI's newer models reject `max_tokens`, and all of its models accept the new name. Compatible
    // servers may know neither the new name nor the option that requests a stream's usage.
    let official = config.provider.api_base == Kind::OpenAi.default_base();
    let mut all = Vec::new();
    for message in system.iter().chain(messages) {
        memory::push(&mut all, message)?;
    }
    let request = CompletionRequest {
        model: &agents.model,
        messages: all,
        max_tokens: agents.max_tokens.filter(|_| !official),
        max_completion_tokens: agents.max_tokens.filter(|_| official),
        temperature: agents.temperature,
        stream,
        stream_usage: official,
    };
    request.to_json()
}

pub(super) fn answer(body: Node<'_>) -> Result<Answer, Fault> {
    let response = CompletionResponse::read(body)?;
    let Some(choice) = response.choice else {
        return Err(body.error("choices is empty").into());
    };
    let text = choice
        .message
        .content
        .filter(|text| !text.is_empty())
        .or(choice.message.refusal);
    Ok(Answer {
        text: text.unwrap_or_default(),
        finish_reason: choice.finish_reason,
        usage: response.usage,
    })
}

/// Reads a chunk: `{"choices":[{"delta":{"content":"…"},"finish_reason":null}]}`. The chunk with the usage
/// has no choices.
pub(super) fn event(chunk: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(usage) = chunk.get("usage") {
        answer.usage = Some(read_usage(usage));
    }
    let Some(choices) = chunk.get("choices") else {
        return Ok(());
    };
    let Some(choice) = choices.items()?.next() else {
        return Ok(());
    };
    if let Some(delta) = choice.get("delta") {
        for key in ["content", "refusal"] {
            if let Some(text) = delta.get(key) {
                memory::append_text(&mut answer.text, text.text()?)?;
            }
        }
    }
    if let Some(reason) = choice.text_of("finish_reason") {
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    Ok(())
}
