//! The part of a request that its answer depends on, in either protocol.

use serde_json::Value;

/// The content of a valid request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The model's name.
    pub(crate) model: String,
    /// The content of the last user message.
    pub(crate) text: String,
    /// Whether a stream ends with the token usage, which is optional with OpenAI only.
    pub(crate) usage: bool,
}

/// Returns whether a user wrote this content: not the results of tools.
pub(crate) fn is_said(content: &Value) -> bool {
    let blocks = content.as_array().map_or(&[][..], Vec::as_slice);
    content.is_string() || blocks.iter().any(|block| block["type"] == "text")
}

/// Returns the text of a message's content.
pub(crate) fn said(content: &Value) -> String {
    match content.as_array() {
        Some(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        None => content.as_str().unwrap_or_default().to_owned(),
    }
}

/// Returns the text of most answers.
pub(crate) fn echo(asked: &Asked) -> String {
    format!("echo: {}", asked.text)
}
