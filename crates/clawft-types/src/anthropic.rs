//! Requests of Anthropic's messages protocol.

mod conversation;

use crate::json::Writer;
use crate::memory::{self, NoMemory};
use crate::message::{Message, Role};
use crate::temperature::Temperature;
use crate::tool::ToolDefinition;
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
    /// In two parts that follow each other.
    pub messages: [&'a [Message]; 2],
    /// The tools that the model may call.
    pub tools: &'a [ToolDefinition],
    /// The sampling temperature.
    pub temperature: Option<Temperature>,
    /// Whether to answer with a stream of events.
    pub stream: bool,
}

impl MessagesRequest<'_> {
    /// Returns the request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let system = self.system()?;
        let messages = self.messages.into_iter().flatten();
        let texts = messages
            .filter(|message| conversation::is_spoken(message))
            .flat_map(Message::texts)
            .chain(self.tools.iter().flat_map(ToolDefinition::texts))
            .chain([self.model, &system]);
        let mut writer = Writer::with_room_for(texts)?;
        writer.object(|request| {
            request.text_member("model", self.model);
            request.literal_member("max_tokens", &self.max_tokens.to_string());
            if !system.is_empty() {
                request.text_member("system", &system);
            }
            request.member("messages", |list| conversation::write(list, self.messages));
            if !self.tools.is_empty() {
                request.member("tools", |list| list.array(self.tools, conversation::write_tool));
            }
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
        let messages = self.messages.into_iter().flatten();
        for message in messages.filter(|message| message.role == Role::System) {
            let separator = if system.is_empty() { "" } else { "\n\n" };
            memory::append_text(&mut system, separator)?;
            memory::append_text(&mut system, &message.content)?;
        }
        Ok(system)
    }
}
