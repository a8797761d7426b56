//! Requests and responses of the chat-completions protocol of OpenAI and compatible servers.

use crate::json::{JsonError, Node, Writer};
use crate::memory::{self, NoMemory};
use crate::message::Message;
use crate::temperature::Temperature;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// The body of `POST …/chat/completions`. Fields that are `None` are left out, so the server's defaults
/// apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionRequest<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The conversation, oldest first.
    pub messages: Vec<&'a Message>,
    /// The maximum number of tokens in the answer.
    pub max_tokens: Option<u32>,
    /// The limit under the name that OpenAI's newer models require and other servers do not know.
    pub max_completion_tokens: Option<u32>,
    /// The sampling temperature.
    pub temperature: Option<Temperature>,
    /// Whether to answer with a stream of events.
    pub stream: bool,
    /// Whether the stream ends with the usage. Some servers do not know this option.
    pub stream_usage: bool,
}

impl CompletionRequest<'_> {
    /// Returns the request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let texts = self
            .messages
            .iter()
            .map(|message| message.content.as_str())
            .chain([self.model]);
        let mut writer = Writer::with_room_for(texts)?;
        writer.object(|request| {
            request.text_member("model", self.model);
            request.member("messages", |list| {
                list.array(&self.messages, |item, message| message.write(item))
            });
            for (key, tokens) in [
                ("max_tokens", self.max_tokens),
                ("max_completion_tokens", self.max_completion_tokens),
            ] {
                if let Some(tokens) = tokens {
                    request.literal_member(key, &tokens.to_string());
                }
            }
            if let Some(temperature) = self.temperature {
                request.literal_member("temperature", &temperature.to_string());
            }
            if self.stream {
                request.literal_member("stream", "true");
            }
            if self.stream && self.stream_usage {
                request.literal_member("stream_options", r#"{"include_usage":true}"#);
            }
        });
        Ok(writer.into_bytes())
    }
}

/// The body of a successful response, as far as clawft reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionResponse {
    /// The first choice. Further choices, which clawft never requests, are not read.
    pub choice: Option<Choice>,
    /// The token usage, if the server sends it.
    pub usage: Option<Usage>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The model's message.
    pub message: Answer,
    /// The finish reason: `stop`, `length`, `tool_calls`, `content_filter`, or a server's own.
    pub finish_reason: Option<String>,
}

/// The message of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text. `null` if the model only calls tools or refuses.
    pub content: Option<String>,
    /// The model's explanation of a refusal.
    pub refusal: Option<String>,
}

/// Token counts of a request and its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// The sum of both.
    pub total_tokens: u64,
}

impl CompletionResponse {
    /// Reads a successful response.
    pub fn read(node: Node<'_>) -> Result<CompletionResponse, JsonError> {
        let first = node.require("choices")?.items()?.next();
        Ok(CompletionResponse {
            choice: first.map(|choice| read_choice(choice)).transpose()?,
            usage: node.get("usage").map(|usage| read_usage(usage)),
        })
    }
}

fn read_choice(node: Node<'_>) -> Result<Choice, JsonError> {
    let message = node.require("message")?;
    Ok(Choice {
        message: Answer {
            content: message
                .get("content")
                .map(|content| read_content(content))
                .transpose()?,
            refusal: message.text_of("refusal").map(memory::copy_text).transpose()?,
        },
        finish_reason: node.text_of("finish_reason").map(memory::copy_text).transpose()?,
    })
}

/// Reads a string, or the list of parts that some servers send: `[{"type":"text","text":"…"}, …]`.
pub(crate) fn read_content(node: Node<'_>) -> Result<String, JsonError> {
    let Some(parts) = node.as_items() else {
        return Ok(memory::copy_text(node.text()?)?);
    };
    let mut content = String::new();
    for text in parts.filter_map(|part| part.get("text")) {
        memory::append_text(&mut content, text.text()?)?;
    }
    Ok(content)
}

/// Reads the token usage. It is informational: missing or invalid counts become 0 and are no error.
pub fn read_usage(node: Node<'_>) -> Usage {
    let count = |key| node.whole_of(key).unwrap_or(0);
    Usage {
        prompt_tokens: count("prompt_tokens"),
        completion_tokens: count("completion_tokens"),
        total_tokens: count("total_tokens"),
    }
}

/// Writes the usage in the form that [`read_usage`] reads:
/// `{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}`.
pub fn write_usage(writer: &mut Writer, usage: &Usage) {
    writer.object(|object| {
        let mut count = |key, tokens: u64| object.literal_member(key, &tokens.to_string());
        count("prompt_tokens", usage.prompt_tokens);
        count("completion_tokens", usage.completion_tokens);
        count("total_tokens", usage.total_tokens);
    });
}

/// Returns the message of an error body: `{"error":{"message":"…"}}`, `{"error":"…"}` or `{"message":"…"}`.
pub fn error_message<'a>(node: Node<'a>) -> Option<&'a str> {
    node.get("error")
        .unwrap_or(node)
        .text_of("message")
        .or_else(|| node.text_of("error"))
}
