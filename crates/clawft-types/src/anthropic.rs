//! Requests of Anthropic's messages protocol.

mod conversation;

use alloc::{string::String, vec::Vec};

use crate::{
    json::room,
    memory::{self, NoMemory},
    message::{Message, Role},
    request_body,
    secret::Secret,
    temperature::Temperature,
    tool::ToolDefinition,
};

/// The body of `POST …/messages`. Fields that are `None` are left out, so the server's defaults apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesRequest<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The maximum number of tokens in the answer. The protocol has no default.
    pub max_tokens: u32,
    /// The name of that limit: `max_tokens`.
    pub max_tokens_field: &'a str,
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
    /// A JSON object whose members replace or follow the others.
    pub extra: &'a Secret,
}

impl MessagesRequest<'_> {
    /// Returns the request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let system = self.system()?;
        let mut size = room(self.model) + room(&system);
        let mut add = |text: &str| size += room(text);
        for message in self.messages.into_iter().flatten() {
            if conversation::is_spoken(message) {
                message.each_part(&mut add);
            }
        }
        for tool in self.tools {
            tool.texts().into_iter().for_each(&mut add);
        }
        request_body::write(size, self.extra, &|request| {
            request.text("model", self.model);
            if !system.is_empty() {
                request.text("system", &system);
            }
            request.member("messages", &|list| conversation::write(list, self.messages));
            if !self.tools.is_empty() {
                request.member("tools", &|list| list.array(self.tools, conversation::write_tool));
            }
            request.parameters(
                self.max_tokens_field,
                Some(self.max_tokens),
                self.temperature,
                self.stream,
            );
        })
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
