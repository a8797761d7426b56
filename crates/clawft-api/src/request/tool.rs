//! Tools and choices among them.

use alloc::{string::String, vec::Vec};

use crate::raw::{Field, Raw};

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

impl Tool {
    pub(super) fn size(&self) -> usize {
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
