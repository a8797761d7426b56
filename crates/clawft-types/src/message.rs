//! Chat messages, and the parsing of a user's input.

use crate::error::InputError;
use crate::json::{self, JsonError, Node, Writer};
use crate::memory;
use crate::reasoning::Reasoning;
use alloc::string::String;
use alloc::vec::Vec;

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions to the model.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }

    fn from_name(name: &str) -> Option<Role> {
        [Role::System, Role::User, Role::Assistant]
            .into_iter()
            .find(|role| role.as_str() == name)
    }
}

/// One message: `{"role":"user","content":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The text.
    pub content: String,
    /// Whether the answer broke off and `content` is only the part that arrived. Stored with a session, never
    /// sent to a provider.
    pub incomplete: bool,
    /// The provider's reason, if the answer ended for another one than that it was complete: `length`. Stored
    /// with a session, never sent to a provider.
    pub finish_reason: Option<String>,
    /// The model's reasoning. Stored with a session, and sent only to a provider that requires its own blocks.
    pub reasoning: Vec<Reasoning>,
}

impl Message {
    /// Returns a complete message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Message {
        Message {
            role,
            content: content.into(),
            incomplete: false,
            finish_reason: None,
            reasoning: Vec::new(),
        }
    }

    /// Reads `{"role":…,"content":…}`, both required, with `"incomplete":true` if the answer broke off, and
    /// optional `finish_reason` and `reasoning`.
    pub fn read(node: Node<'_>) -> Result<Message, JsonError> {
        let role = node.require("role")?;
        let role = Role::from_name(role.text()?)
            .ok_or_else(|| role.error("unknown role, expected `system`, `user` or `assistant`"))?;
        let message = Message::new(role, memory::copy_text(node.require("content")?.text()?)?);
        let incomplete = node
            .get("incomplete")
            .map_or(Ok(false), |incomplete| incomplete.flag())?;
        let mut reasoning = Vec::new();
        for block in node
            .get("reasoning")
            .and_then(|list| list.as_items())
            .into_iter()
            .flatten()
        {
            if let Some(block) = Reasoning::read(block)? {
                memory::push(&mut reasoning, block)?;
            }
        }
        Ok(Message {
            incomplete,
            finish_reason: node.text_of("finish_reason").map(memory::copy_text).transpose()?,
            reasoning,
            ..message
        })
    }

    /// Writes `{"role":…,"content":…}`, the form that providers accept.
    pub fn write(&self, writer: &mut Writer) {
        writer.object(|object| {
            object.text_member("role", self.role.as_str());
            object.text_member("content", &self.content);
        });
    }
}

/// The user's input of one turn. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    text: String,
    stream: Option<bool>,
}

impl Input {
    /// Parses what a user typed or piped: plain text, or `{"role":"user","content":"…"}`. `role` is optional,
    /// and `"stream": true` or `false` may be added.
    ///
    /// Only a JSON object with a `content` is a message. Everything else is plain text, also text that starts
    /// with a brace, because people paste code. A byte order mark, and line ends after plain text, are
    /// dropped. Fails on white space only, on a role other than `user`, on a `content` that is not a string,
    /// on a `stream` that is not a boolean, and if there is no memory for it.
    pub fn parse(text: &str) -> Result<Input, InputError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let input = match read_message(text) {
            Some(message) => message.map_err(InputError::Message)?,
            None => Input {
                text: copy(text.trim_end_matches(['\r', '\n']))?,
                stream: None,
            },
        };
        if input.text.trim().is_empty() {
            return Err(InputError::Empty);
        }
        Ok(input)
    }

    /// Returns the text of the message.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether to show the answer while it arrives; `None` leaves it to the configuration.
    pub fn stream(&self) -> Option<bool> {
        self.stream
    }

    /// Returns a message of role `user`.
    pub fn into_message(self) -> Message {
        Message::new(Role::User, self.text)
    }
}

/// Reads a JSON message; `None` if `text` is not one.
fn read_message(text: &str) -> Option<Result<Input, JsonError>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    // If there is no memory to parse it, there is none for it as plain text either.
    let document = json::parse(text.as_bytes()).ok()?;
    let node = Node::root(&document);
    let content = node.get("content")?;
    Some(read_members(node, content))
}

fn read_members(node: Node<'_>, content: Node<'_>) -> Result<Input, JsonError> {
    if let Some(role) = node.get("role")
        && role.text()? != Role::User.as_str()
    {
        return Err(role.error("expected `user`"));
    }
    let stream = node.get("stream").map(|stream| stream.flag()).transpose()?;
    Ok(Input {
        text: memory::copy_text(content.text()?)?,
        stream,
    })
}

fn copy(text: &str) -> Result<String, InputError> {
    memory::copy_text(text).map_err(|error| InputError::Message(error.into()))
}
