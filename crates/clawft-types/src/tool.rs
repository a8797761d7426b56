//! Tools: their definitions, the model's calls and the results.

use alloc::borrow::Cow;
use alloc::string::String;

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

/// A call of a tool by the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// The provider's id of the call; its result refers to it.
    pub id: String,
    /// The tool's name as the model wrote it, which may be unknown.
    pub name: String,
    /// The arguments as the model wrote them: JSON text that may be malformed.
    pub arguments: String,
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
