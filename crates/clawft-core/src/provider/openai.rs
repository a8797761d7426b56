//! The dialect of OpenAI's chat completions, which compatible servers share.

use alloc::vec::Vec;

use clawft_types::{
    CompletionRequest, Config, Message, Role,
    config::Rejected,
    memory::{self, NoMemory},
};

use super::Conversation;

pub(super) const PATH: &str = "/chat/completions";

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
    let mut all = Vec::new();
    let messages = conversation.messages.into_iter().flatten();
    for message in system.iter().chain(messages) {
        memory::push(&mut all, message)?;
    }
    let request = CompletionRequest {
        model: &agents.model,
        messages: all,
        tools: conversation.tools,
        max_tokens: agents.max_tokens,
        max_tokens_field: &config.provider.max_tokens_field,
        temperature: agents.temperature,
        stream,
        stream_usage: !config.provider.rejected.has(Rejected::USAGE),
        extra: &config.provider.extra_body,
    };
    request.to_json()
}
