//! Parts of messages.

use alloc::{string::String, vec::Vec};

use crate::raw::{Field, Raw};

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
    /// A record of the work of the provider's own tools, as the complete object. Other models answer without it.
    Trace(Raw),
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

impl Part {
    /// Returns about how many tokens the part has.
    pub(super) fn estimated_tokens(&self) -> usize {
        match &self.content {
            Content::Text(text) | Content::Refusal(text) => text.len().div_ceil(4),
            Content::Image(_) | Content::Audio { .. } | Content::File { .. } => 1000,
            Content::Reasoning(thought) => thought.text.len() / 4,
            Content::Call(call) => (call.name.len() + call.input.len()).div_ceil(4),
            Content::Result { parts, .. } => parts.iter().map(Part::estimated_tokens).sum(),
            Content::Trace(raw) | Content::Other(raw) => raw.as_str().len() / 4,
        }
    }

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
            Content::Other(raw) | Content::Trace(raw) => raw.as_str().len(),
        };
        64 + content
    }
}
