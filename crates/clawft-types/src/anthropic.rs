//! The messages protocol: what Anthropic reads and answers.

use crate::completion::{Usage, read_content};
use crate::json::{JsonError, Node, Writer};
use crate::memory::{self, NoMemory};
use crate::message::{Message, Role};
use crate::temperature::Temperature;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// The body of `POST …/messages`. What is `None` is left out, so that the server's default holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesRequest<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The most tokens the answer may have. There is no default.
    pub max_tokens: u32,
    /// Standing instructions.
    pub system: Option<&'a str>,
    /// The conversation, oldest first. Those of [`Role::System`] are added to the instructions: among the messages the
    /// protocol has no place for them.
    pub messages: &'a [Message],
    /// How freely the model chooses its words.
    pub temperature: Option<Temperature>,
    /// Whether the answer shall come as a stream of events.
    pub stream: bool,
}

impl MessagesRequest<'_> {
    /// The request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let system = self.system()?;
        let spoken = self.messages.iter().filter(|message| message.role != Role::System);
        let texts = spoken.clone().map(|message| message.content.as_str()).chain([self.model, &system]);
        let mut writer = Writer::with_room_for(texts)?;
        writer.object(|request| {
            request.text_member("model", self.model);
            request.literal_member("max_tokens", &self.max_tokens.to_string());
            if !system.is_empty() {
                request.text_member("system", &system);
            }
            request.member("messages", |list| list.array(spoken, |item, message| message.write(item)));
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
        for message in self.messages.iter().filter(|message| message.role == Role::System) {
            let separator = if system.is_empty() { "" } else { "\n\n" };
            memory::append_text(&mut system, separator)?;
            memory::append_text(&mut system, &message.content)?;
        }
        Ok(system)
    }
}

/// The body of a successful answer, as far as clawft reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesResponse {
    /// All text of the content's blocks. Empty where the model only calls tools or refuses.
    pub text: String,
    /// Why it stopped: `end_turn`, `max_tokens`, `refusal`, …
    pub stop_reason: Option<String>,
    /// What it cost, if the server says.
    pub usage: Option<Usage>,
}

impl MessagesResponse {
    /// Reads a successful answer.
    pub fn read(node: Node<'_>) -> Result<MessagesResponse, JsonError> {
        Ok(MessagesResponse {
            text: read_content(node.require("content")?)?,
            stop_reason: node.text_of("stop_reason").map(memory::copy_text).transpose()?,
            usage: node.get("usage").map(|usage| read_usage(usage, Usage::default())),
        })
    }
}

/// Reads how many tokens were used; what is missing stays as it was in `known`. (A stream says it in two parts.)
pub fn read_usage(node: Node<'_>, known: Usage) -> Usage {
    let prompt_tokens = node.whole_of("input_tokens").unwrap_or(known.prompt_tokens);
    let completion_tokens = node.whole_of("output_tokens").unwrap_or(known.completion_tokens);
    Usage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens.saturating_add(completion_tokens) }
}
