//! Chat messages, and the line a user gives.

use crate::error::InputError;
use crate::json::{self, JsonError, Node, Writer};
use alloc::borrow::ToOwned as _;
use alloc::string::String;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Standing instructions.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }

    fn from_name(name: &str) -> Option<Role> {
        [Role::System, Role::User, Role::Assistant].into_iter().find(|role| role.as_str() == name)
    }
}

/// One message: `{"role":"user","content":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Message {
        Message { role, content: content.into() }
    }

    /// Reads `{"role":…,"content":…}`; both are required.
    pub fn read(node: &Node<'_>) -> Result<Message, JsonError> {
        let role = node.require("role")?;
        let role = Role::from_name(role.text()?)
            .ok_or_else(|| role.error("unknown role, expected `system`, `user` or `assistant`"))?;
        Ok(Message::new(role, node.require("content")?.text()?))
    }

    /// Writes `{"role":…,"content":…}`.
    pub fn write(&self, writer: &mut Writer) {
        writer.object(|object| {
            object.text_member("role", self.role.as_str());
            object.text_member("content", &self.content);
        });
    }
}

/// What the user says in one turn. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input(String);

impl Input {
    /// Reads what a user typed or piped: plain text, or `{"role":"user","content":"…"}` (`role` may be left out).
    ///
    /// Only a JSON object with a `content` is taken as a message. All else is plain text, also text that merely starts
    /// with a brace: people do paste code. Line ends after plain text are dropped. Fails on nothing but white space, on
    /// a role other than `user`, and on a `content` that is not a string.
    pub fn parse(text: &str) -> Result<Input, InputError> {
        let content = match read_message(text) {
            Some(message) => message.map_err(InputError::Message)?,
            None => text.trim_end_matches(['\r', '\n']).to_owned(),
        };
        if content.trim().is_empty() {
            return Err(InputError::Empty);
        }
        Ok(Input(content))
    }

    /// The message's text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The message of role `user`.
    pub fn into_message(self) -> Message {
        Message::new(Role::User, self.0)
    }
}

/// The content of a JSON message; `None` if `text` is none.
fn read_message(text: &str) -> Option<Result<String, JsonError>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let tree = json::parse(text.as_bytes()).ok()?;
    let node = Node::root(&tree);
    let content = node.get("content")?;
    let checked = match node.get("role") {
        Some(role) => match role.text() {
            Ok("user") => Ok(()),
            Ok(_) => Err(role.error("expected `user`")),
            Err(error) => Err(error),
        },
        None => Ok(()),
    };
    Some(checked.and_then(|()| content.text()).map(str::to_owned))
}
