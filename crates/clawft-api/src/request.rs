//! Requests: the meaning that the dialects share, and the fields of one dialect.

use alloc::{string::String, vec::Vec};

use crate::{
    dialect::Dialect,
    raw::{Field, Raw},
};

mod part;
mod reasoning;
mod tool;

pub use part::{Call, Content, Part, Source, Thought};
pub use reasoning::Reasoning;
pub use tool::{Tool, ToolChoice, ToolInput};

/// A request for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The dialect that it was read from.
    pub dialect: Dialect,
    /// Name of the model.
    pub model: String,
    /// Whether to answer with a stream of events.
    pub stream: bool,
    /// Whether a stream of chat chunks ends with the usage.
    pub include_usage: bool,
    /// System prompt that is not one of the messages: `system` or `instructions`.
    pub instructions: Vec<Part>,
    /// The conversation, oldest first.
    pub turns: Vec<Turn>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// Constraint on the calls of tools.
    pub tool_choice: Option<ToolChoice>,
    /// Whether an answer may call several tools at once.
    pub parallel_tool_calls: Option<bool>,
    /// The maximum number of tokens in the answer.
    pub max_tokens: Option<u64>,
    /// Sampling temperature, as a JSON number.
    pub temperature: Option<Raw>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// Format of the answer's text; `None` for plain text.
    pub format: Option<Format>,
    /// The amount of reasoning.
    pub reasoning: Option<Reasoning>,
    /// Identifier of the end user.
    pub user: Option<String>,
    /// Response that this request continues. Only OpenAI Responses have it; the caller resolves it.
    pub previous_response_id: Option<String>,
    /// All other members.
    pub extra: Vec<Field>,
    /// Members that a Responses answer repeats, as JSON members.
    pub(crate) echo: String,
}

/// A message, or several that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The author.
    pub role: Role,
    /// The content in order.
    pub parts: Vec<Part>,
    /// Keys and indices from the root of the source, joined by dots.
    pub path: String,
    /// All other members.
    pub extra: Vec<Field>,
}

/// The author of a [`Turn`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The operator, as `system`.
    System,
    /// The operator, as `developer`.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool: all parts are [`Content::Result`].
    Tool,
}

/// The format of an answer's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// A value of a JSON schema.
    Schema {
        /// Name of the schema.
        name: Option<String>,
        /// Description for the model.
        description: Option<String>,
        /// The schema.
        schema: Raw,
        /// Whether the schema constrains the model's output.
        strict: Option<bool>,
    },
}

impl Request {
    /// Returns an empty request of `dialect`.
    pub fn new(dialect: Dialect) -> Request {
        Request {
            dialect,
            model: String::new(),
            stream: false,
            include_usage: false,
            instructions: Vec::new(),
            turns: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            max_tokens: None,
            temperature: None,
            stop: Vec::new(),
            format: None,
            reasoning: None,
            user: None,
            previous_response_id: None,
            extra: Vec::new(),
            echo: String::new(),
        }
    }
}

impl Request {
    /// Returns about how many tokens the request has: one for each four bytes of text, and 1,000 for an image or a
    /// document. Only a provider can count them.
    pub fn estimated_tokens(&self) -> usize {
        let of_parts = |parts: &[Part]| parts.iter().map(Part::estimated_tokens).sum::<usize>();
        let turns = self.turns.iter().map(|turn| 4 + of_parts(&turn.parts));
        let tools = self.tools.iter().map(|tool| tool.size() / 4);
        of_parts(&self.instructions) + turns.sum::<usize>() + tools.sum::<usize>()
    }

    /// Returns about how many bytes of text it holds, as room for the body.
    pub(crate) fn size(&self) -> usize {
        let of_parts = |parts: &[Part]| parts.iter().map(Part::size).sum::<usize>();
        let turns = self.turns.iter().map(|turn| 64 + of_parts(&turn.parts));
        let tools = self.tools.iter().map(Tool::size);
        1024 + of_parts(&self.instructions) + turns.sum::<usize>() + tools.sum::<usize>()
    }
}
