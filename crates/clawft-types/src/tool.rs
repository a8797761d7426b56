//! Tools: their definitions, the model's calls and the results.

use alloc::{borrow::Cow, string::String};

use crate::{
    json::{self, JsonError, Node, Writer},
    memory,
};

/// A tool that is offered to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolDefinition {
    /// The name by which the model calls it: 1 to 64 of the characters `A-Z a-z 0-9 _ -`, the form that every
    /// provider accepts.
    pub name: Cow<'static, str>,
    /// The purpose, for the model.
    pub description: Cow<'static, str>,
    /// The JSON schema of the arguments, as JSON text. Always an object.
    pub parameters: Cow<'static, str>,
}

impl ToolDefinition {
    /// Returns all texts.
    pub(crate) fn texts(&self) -> [&str; 3] {
        [&self.name, &self.description, &self.parameters]
    }
}

/// A call of a tool by the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id of the call; its result refers to it.
    pub id: String,
    /// The tool's name as the model wrote it, which may be unknown.
    pub name: String,
    /// The arguments as the model wrote them: JSON text that may be malformed.
    pub arguments: String,
    /// The member `extra_content` of the call, as JSON: Gemini's signature of its thoughts, without which the call
    /// is refused when it goes back. Empty if there is none. It is not stored, because only the turn needs it.
    pub extra: String,
}

impl ToolCall {
    /// Returns the arguments if they are a JSON object, else an empty one. Providers accept nothing else, and the
    /// result of the call has told the model already that its arguments are malformed.
    pub fn valid_arguments(&self) -> &str {
        let is_object = json::parse(self.arguments.as_bytes())
            .is_ok_and(|document| Node::root(&document).object().is_ok());
        if is_object { &self.arguments } else { "{}" }
    }

    /// Writes the event that the call begins, as `--json` prints it:
    /// `{"event":"call","id":"…","tool":"read_file","arguments":{"path":"a.txt"}}`.
    pub fn write_event(&self, writer: &mut Writer) {
        let document = json::parse(self.arguments.as_bytes());
        // In one line, whatever the model wrote.
        let arguments = document.and_then(|document| Ok(Node::root(&document).to_json()?));
        writer.object(|event| {
            event.text_member("event", "call");
            event.text_member("id", &self.id);
            event.text_member("tool", &self.name);
            event.literal_member("arguments", arguments.as_deref().unwrap_or("{}"));
        });
    }

    /// Reads a call in a session: `{"id":"…","name":"…","arguments":"…"}`.
    pub(crate) fn read(node: Node<'_>) -> Result<ToolCall, JsonError> {
        let copy = |key| Ok::<_, JsonError>(memory::copy_text(node.require(key)?.text()?)?);
        Ok(ToolCall {
            id: copy("id")?,
            name: copy("name")?,
            arguments: copy("arguments")?,
            extra: String::new(),
        })
    }
}

/// The result of a tool call, for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    /// The id of the call.
    pub id: String,
    /// The result, or the error message.
    pub content: String,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolResult {
    /// Writes the event that a call of `tool` is over, as `--json` prints it:
    /// `{"event":"result","id":"…","tool":"read_file","is_error":false,"content":"…"}`.
    pub fn write_event(&self, tool: &str, writer: &mut Writer) {
        writer.object(|event| {
            event.text_member("event", "result");
            event.text_member("id", &self.id);
            event.text_member("tool", tool);
            event.literal_member("is_error", if self.is_error { "true" } else { "false" });
            event.text_member("content", &self.content);
        });
    }
}

/// The call that a message of role `tool` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredCall {
    /// The id of the call.
    pub id: String,
    /// Whether the call failed. The message is then the reason.
    pub is_error: bool,
}
