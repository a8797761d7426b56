//! The dialects of the HTTP API.

use core::fmt;

/// A protocol of the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OpenAI's `POST /v1/chat/completions`.
    Chat,
    /// OpenAI's `POST /v1/responses`.
    Responses,
    /// Anthropic's `POST /v1/messages`.
    Messages,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Chat => "chat completions",
            Dialect::Responses => "OpenAI Responses",
            Dialect::Messages => "Anthropic messages",
        })
    }
}
