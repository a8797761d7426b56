//! The dialects that providers speak, one module each, chosen by [`Kind`].
//!
//! A dialect builds a request and reads an answer; everything else (keys, retries, error wording) is the same for all.

mod openai;

use crate::http::HttpRequest;
use alloc::string::String;
use clawft_types::json::{JsonError, Node};
use clawft_types::{Config, Kind, Message, Secret, Usage};

/// What a provider answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What the model says, or its own words for why it will not; `None` where there are none.
    pub(crate) text: Option<String>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Usage>,
}

/// The request that continues the conversation `messages`. Without a `key` it carries none: local servers want none.
pub(crate) fn request(config: &Config, key: Option<&Secret>, messages: &[Message]) -> HttpRequest {
    match config.provider.kind {
        Kind::OpenAi => openai::request(config, key, messages),
    }
}

/// Reads the body of a successful response.
pub(crate) fn answer(kind: Kind, body: &Node<'_>) -> Result<Answer, JsonError> {
    match kind {
        Kind::OpenAi => openai::answer(body),
    }
}
