//! Requests of Anthropic's messages protocol.

use crate::json::Writer;
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
            .filter(|message| message.role != Role::System && !message.content.is_empty());
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
            request.member("messages", |list| list.array(spoken, write_message));
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

/// Writes a message. The provider's own blocks of reasoning go back to it before the text.
fn write_message(writer: &mut Writer, message: &Message) {
    let signed = || {
        message
            .reasoning
            .iter()
            .filter(|block| !block.signature.is_empty())
    };
    if signed().next().is_none() {
        return message.write(writer);
    }
    writer.object(|object| {
        object.text_member("role", message.role.as_str());
        object.member("content", |list| {
            list.array(signed().map(Some).chain([None]), |item, block| match block {
                Some(block) => block.write(item),
                None => item.object(|object| {
                    object.text_member("type", "text");
                    object.text_member("text", &message.content);
                }),
            });
        });
    });
}
