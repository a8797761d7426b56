//! Requests: the meaning that the dialects share, and the fields of one dialect.

use crate::{Context, Dialect, Error, Field, Raw, Written, chat, messages};
use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::json::{self, Node};
use clawft_types::memory;

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

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The content.
    pub content: Content,
    /// Keys and indices from the root of the source, joined by dots.
    pub path: String,
    /// All other members.
    pub extra: Vec<Field>,
}

/// The content of a [`Part`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// Explanation of the model why it does not answer.
    Refusal(String),
    /// An image.
    Image(Source),
    /// A recording.
    Audio {
        /// Content in base64.
        data: String,
        /// `wav`, `mp3`.
        format: String,
    },
    /// A document.
    File {
        /// The content.
        source: Source,
        /// Name of the file, or title of the document.
        name: Option<String>,
    },
    /// Reasoning of the model.
    Reasoning(Thought),
    /// A call of a tool.
    Call(Call),
    /// The result of a call.
    Result {
        /// Identifier of the call.
        id: String,
        /// The output: texts, images and documents.
        parts: Vec<Part>,
        /// Whether the tool failed.
        is_error: bool,
        /// Whether the call was one of a tool with free-form input.
        is_custom: bool,
    },
    /// A part that only the source's dialect has, as the complete object.
    Other(Raw),
}

/// The place of an image's or document's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The address.
    Url(String),
    /// The content itself.
    Data {
        /// Media type, such as `image/png`.
        media_type: String,
        /// Content in base64.
        data: String,
    },
    /// Identifier of an uploaded file.
    Id(String),
    /// Plain text.
    Text(String),
}

/// Reasoning of the model, readable or sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thought {
    /// The readable text.
    pub text: String,
    /// Opaque value with which the provider recognises the reasoning: `signature` or `encrypted_content`.
    pub signature: Option<String>,
    /// Content of a `redacted_thinking` block, which has no text.
    pub redacted: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Identifier that the result repeats.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Namespace of the tool, which only OpenAI Responses have.
    pub namespace: Option<String>,
    /// The input: a JSON text for functions, any text for custom tools.
    pub input: String,
    /// Whether the tool takes free-form input.
    pub is_custom: bool,
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Name of the tool; the type of a hosted tool.
    pub name: String,
    /// Namespace of the tool, which only OpenAI Responses have.
    pub namespace: Option<String>,
    /// Description for the model.
    pub description: Option<String>,
    /// The input that it takes.
    pub input: ToolInput,
    /// Keys and indices from the root of the source, joined by dots.
    pub path: String,
    /// All other members.
    pub extra: Vec<Field>,
}

/// The input of a [`Tool`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolInput {
    /// A JSON object.
    Function {
        /// JSON schema of the object.
        schema: Option<Raw>,
        /// Whether the schema constrains the model's output.
        strict: Option<bool>,
    },
    /// Free-form text.
    Custom {
        /// Format, in the form of OpenAI Responses: `{"type":"grammar","syntax":…,"definition":…}`.
        format: Option<Raw>,
    },
    /// Decided by the provider, which runs the tool itself: the complete object.
    Hosted(Raw),
}

/// A constraint on the calls of tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// No call.
    None,
    /// At least one call.
    Required,
    /// A call of this tool.
    Tool {
        /// Name of the tool.
        name: String,
        /// Whether the tool takes free-form input.
        is_custom: bool,
    },
    /// Calls of these tools only.
    Allowed {
        /// Names of the tools.
        names: Vec<String>,
        /// Whether there is at least one call.
        required: bool,
    },
    /// A choice that only the source's dialect has.
    Other(Raw),
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

/// The amount of reasoning before an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`.
    pub effort: Option<String>,
    /// The maximum number of tokens.
    pub budget: Option<u64>,
    /// Whether Anthropic's adaptive thinking is on.
    pub adaptive: bool,
}

/// Decisions that a request itself does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Name of the model for the provider; `None` keeps the request's.
    pub model: Option<String>,
    /// Limit for Anthropic messages if the request has none: the dialect requires one.
    pub max_tokens: u64,
    /// Whether the model takes Anthropic's adaptive thinking with an effort. Otherwise an effort becomes a
    /// budget of tokens.
    pub adaptive_thinking: bool,
    /// Whether the model takes messages of the role `system` after others. Otherwise they are moved to the system
    /// prompt, with a warning.
    pub system_messages: bool,
    /// Whether a chat completion's limit is called `max_tokens`, as in older servers.
    pub old_max_tokens: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            model: None,
            max_tokens: 8192,
            adaptive_thinking: false,
            system_messages: false,
            old_max_tokens: false,
        }
    }
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

    /// Parses a body. Fails if it is not JSON, or a known field has another type than the dialect says.
    pub fn read(dialect: Dialect, body: &[u8]) -> Result<Request, Error> {
        Request::read_owned(dialect, memory::copy(body)?)
    }

    /// Does the same as [`Request::read`] without a copy of the body.
    pub fn read_owned(dialect: Dialect, body: Vec<u8>) -> Result<Request, Error> {
        let document = json::parse_owned(body)?;
        let root = Node::root(&document);
        match dialect {
            Dialect::Chat => chat::read_request(root),
            Dialect::Messages => messages::read_request(root),
            Dialect::Responses => Err(root.error("OpenAI Responses are not translated yet")),
        }
    }

    /// Returns the body of the same request in `dialect`. Fails if a field has no counterpart there.
    pub fn write(&self, dialect: Dialect, options: &Options) -> Result<Written, Error> {
        match dialect {
            Dialect::Chat | Dialect::Responses => chat::write_request(self, options),
            Dialect::Messages => messages::write_request(self, options),
        }
    }

    /// Returns the knowledge about this request that the translation of its answer needs.
    pub fn context(&self) -> Context {
        Context::of(self)
    }
}

impl Reasoning {
    /// Returns the effort; that of the budget if there is none.
    pub fn as_effort(&self) -> Option<&str> {
        self.effort.as_deref().or(match self.budget? {
            0 => Some("none"),
            1..4096 => Some("low"),
            4096..16384 => Some("medium"),
            _ => Some("high"),
        })
    }

    /// Returns the budget; that of the effort if there is none. 0 means no reasoning.
    pub fn as_budget(&self) -> Option<u64> {
        self.budget.or(match self.effort.as_deref()? {
            "none" => Some(0),
            "minimal" => Some(1024),
            "low" => Some(2048),
            "high" => Some(16384),
            "xhigh" | "max" => Some(32768),
            _ => Some(8192),
        })
    }
}

impl Request {
    /// Returns about how many bytes of text it holds, as room for the body.
    pub(crate) fn size(&self) -> usize {
        let of_parts = |parts: &[Part]| parts.iter().map(Part::size).sum::<usize>();
        let turns = self.turns.iter().map(|turn| 64 + of_parts(&turn.parts));
        let tools = self.tools.iter().map(Tool::size);
        1024 + of_parts(&self.instructions) + turns.sum::<usize>() + tools.sum::<usize>()
    }
}

impl Part {
    pub(crate) fn size(&self) -> usize {
        let source_size = |source: &Source| match source {
            Source::Url(text) | Source::Id(text) | Source::Text(text) => text.len(),
            Source::Data { data, .. } => data.len(),
        };
        let content = match &self.content {
            Content::Text(text) | Content::Refusal(text) => text.len() + text.len() / 8,
            Content::Image(source) | Content::File { source, .. } => source_size(source),
            Content::Audio { data, .. } => data.len(),
            Content::Reasoning(thought) => 2 * thought.text.len(),
            Content::Call(call) => call.input.len() + call.input.len() / 4,
            Content::Result { parts, .. } => parts.iter().map(Part::size).sum(),
            Content::Other(raw) => raw.as_str().len(),
        };
        64 + content
    }
}

impl Tool {
    fn size(&self) -> usize {
        let input = match &self.input {
            ToolInput::Function {
                schema: Some(raw), ..
            }
            | ToolInput::Custom { format: Some(raw) }
            | ToolInput::Hosted(raw) => raw.as_str().len(),
            _ => 0,
        };
        128 + input + self.description.as_ref().map_or(0, String::len)
    }
}
