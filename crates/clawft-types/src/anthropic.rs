//! Requests and responses of Anthropic's messages protocol.

use crate::completion::{Usage, read_content};
use crate::json::{JsonError, Node, Writer};
use crate::memory::{self, NoMemory};
use crate::message::{Message, Role};
use crate::temperature::Temperature;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// The body of `POST …/messages`. Fields that are `None` are left out, so the server's defaults apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesRequest<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The maximum number of tokens in the answer. The protocol has no default.
    pub max_tokens: u32,
    /// The system prompt.
    pub system: Option<&'a str>,
    /// The conversation, oldest first. Messages of [`Role::System`] are moved to the system prompt, because
    /// the protocol allows none among the messages.
    pub messages: &'a [Message],
    /// The sampling temperature.
    pub temperature: Option<Temperature>,
    /// Whether to answer with a stream of events.
    pub stream: bool,
}

impl MessagesRequest<'_> {
    /// Returns the request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let system = self.system()?;
        let spoken = self
            .messages
            .iter()
            .filter(|message| message.role != Role::System);
        let texts = spoken
            .clone()
            .map(|message| message.content.as_str())
            .chain([self.model, &system]);
        let mut writer = Writer::with_room_for(texts)?;
        writer.object(|request| {
            request.text_member("model", self.model);
            request.literal_member("max_tokens", &self.max_tokens.to_string());
            if !system.is_empty() {
                request.text_member("system", &system);
            }
            request.member("messages", |list| {
                list.array(spoken, |item, message| message.write(item))
            });
            if let Some(temperature) = self.temperature {
                request.literal_member("temperature", &temperature.to_string());
            }
            if self.stream {
                request.literal_member("stream", "true");
            }
        });
        Ok(writer.into_bytes())
    }

    fn system(&self) -> Result<String, NoMemory> {
        let mut system = memory::copy_text(self.system.unwrap_or_default())?;
        for message in self
            .messages
            .iter()
            .filter(|message| message.role == Role::System)
        {
            let separator = if system.is_empty() { "" } else { "\n\n" };
            memory::append_text(&mut system, separator)?;
            memory::append_text(&mut system, &message.content)?;
        }
        Ok(system)
    }
}

/// The body of a successful response, as far as clawft reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesResponse {
    /// The text of all content blocks. Empty if the model only calls tools or refuses.
    pub text: String,
    /// The stop reason: `end_turn`, `max_tokens`, `refusal`, …
    pub stop_reason: Option<String>,
    /// The token usage, if the server sends it.
    pub usage: Option<Usage>,
}

impl MessagesResponse {
    /// Reads a successful response.
    pub fn read(node: Node<'_>) -> Result<MessagesResponse, JsonError> {
        Ok(MessagesResponse {
            text: read_content(node.require("content")?)?,
            stop_reason: node.text_of("stop_reason").map(memory::copy_text).transpose()?,
            usage: node.get("usage").map(|usage| read_usage(usage, Usage::default())),
        })
    }
}

/// Reads the token usage; missing counts keep their value in `known`. A stream sends the usage in two parts.
pub fn read_usage(node: Node<'_>, known: Usage) -> Usage {
    let prompt_tokens = node.whole_of("input_tokens").unwrap_or(known.prompt_tokens);
    let completion_tokens = node.whole_of("output_tokens").unwrap_or(known.completion_tokens);
    Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens.saturating_add(completion_tokens),
    }
}
