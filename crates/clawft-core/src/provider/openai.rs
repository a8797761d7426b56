//! The dialect of OpenAI's chat completions, which compatible servers share.

use super::Conversation;
use crate::http::{Header, HeaderValue};
use alloc::vec::Vec;
use clawft_types::memory::{self, NoMemory};
use clawft_types::{CompletionRequest, Config, Kind, Message, Role, Secret};

pub(super) const PATH: &str = "/chat/completions";

pub(super) fn key_header(key: &Secret) -> Header {
    let value = Secret::new(["Bearer ", key.expose()].concat());
    Header {
        name: "authorization".into(),
        value: HeaderValue::Secret(value),
    }
}

pub(super) fn body(
    config: &Config,
    conversation: Conversation<'_>,
    stream: bool,
) -> Result<Vec<u8>, NoMemory> {
    let agents = &config.agents;
    let system = agents
        .system_prompt
        .as_ref()
        .map(|prompt| Message::new(Role::System, prompt));
    // OpenAI's newer models reject `max_tokens`, and all of its models accept the new name. Compatible
    // servers may know neither the new name nor the option that requests a stream's usage.
    let official = config.provider.api_base == Kind::OpenAi.default_base();
    let mut all = Vec::new();
    let messages = conversation.messages.into_iter().flatten();
    for message in system.iter().chain(messages) {
        memory::push(&mut all, message)?;
    }
    let request = CompletionRequest {
        model: &agents.model,
        messages: all,
        tools: conversation.tools,
        max_tokens: agents.max_tokens.filter(|_| !official),
        max_completion_tokens: agents.max_tokens.filter(|_| official),
        temperature: agents.temperature,
        stream,
        stream_usage: official,
    };
    request.to_json()
}
