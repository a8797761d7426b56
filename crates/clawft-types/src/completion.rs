//! The chat-completions protocol: what OpenAI and everyone compatible with it read and answer.

use crate::json::{JsonError, Node, Writer};
use crate::memory::{self, NoMemory};
use crate::message::Message;
use crate::temperature::Temperature;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// The body of `POST …/chat/completions`. What is `None` is left out, so that the server's default holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionRequest<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The conversation, oldest first.
    pub messages: Vec<&'a Message>,
    /// The most tokens the answer may have.
    pub max_tokens: Option<u32>,
    /// The same by the name that OpenAI's newer models insist on and other servers do not know.
    pub max_completion_tokens: Option<u32>,
    /// How freely the model chooses its words.
    pub temperature: Option<Temperature>,
    /// Whether the answer shall come as a stream of events.
    pub stream: bool,
    /// Whether such a stream shall end with the usage. Not every server knows the option.
    pub stream_usage: bool,
}

impl CompletionRequest<'_> {
    /// The request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let texts = self.messages.iter().map(|message| message.content.as_str()).chain([self.model]);
        let mut writer = Writer::with_room_for(texts)?;
        writer.object(|request| {
            request.text_member("model", self.model);
            request
                .member("messages", |list| list.array(&self.messages, |item, message| message.write(item)));
            for (key, tokens) in
                [("max_tokens", self.max_tokens), ("max_completion_tokens", self.max_completion_tokens)]
            {
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

/// The body of a successful answer, as far as clawft reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionResponse {
    /// The first of the answers, of which there is one unless more were asked for. The others are not read.
    pub choice: Option<Choice>,
    /// What it cost, if the server says.
    pub usage: Option<Usage>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the model says.
    pub message: Answer,
    /// Why it stopped: `stop`, `length`, `tool_calls`, `content_filter` or whatever a server invents.
    pub finish_reason: Option<String>,
}

/// The message of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text. `null` where the model only calls tools or refuses.
    pub content: Option<String>,
    /// The model's own words for why it will not answer.
    pub refusal: Option<String>,
}

/// How many tokens were used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// In the request.
    pub prompt_tokens: u64,
    /// In the answer.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

impl CompletionResponse {
    /// Reads a successful answer.
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
            content: message.get("content").map(|content| read_content(content)).transpose()?,
            refusal: message.text_of("refusal").map(memory::copy_text).transpose()?,
        },
        finish_reason: node.text_of("finish_reason").map(memory::copy_text).transpose()?,
    })
}

/// A string, or the list of parts that some servers send: `[{"type":"text","text":"…"}, …]`.
pub(crate) fn read_content(node: Node<'_>) -> Result<String, JsonError> {
    let Some(parts) = node.as_items() else { return Ok(memory::copy_text(node.text()?)?) };
    let mut content = String::new();
    for text in parts.filter_map(|part| part.get("text")) {
        memory::append_text(&mut content, text.text()?)?;
    }
    Ok(content)
}

/// Usage is for information: what is missing or odd in it counts as 0 and fails nothing.
pub fn read_usage(node: Node<'_>) -> Usage {
    let count = |key| node.whole_of(key).unwrap_or(0);
    Usage {
        prompt_tokens: count("prompt_tokens"),
        completion_tokens: count("completion_tokens"),
        total_tokens: count("total_tokens"),
    }
}

/// Writes usage as [`read_usage`] reads it: `{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}`.
pub fn write_usage(writer: &mut Writer, usage: &Usage) {
    writer.object(|object| {
        let mut count = |key, tokens: u64| object.literal_member(key, &tokens.to_string());
        count("prompt_tokens", usage.prompt_tokens);
        count("completion_tokens", usage.completion_tokens);
        count("total_tokens", usage.total_tokens);
    });
}

/// The server's own words in an error body: `{"error":{"message":"…"}}`, `{"error":"…"}` or `{"message":"…"}`.
pub fn error_message<'a>(node: Node<'a>) -> Option<&'a str> {
    node.get("error").unwrap_or(node).text_of("message").or_else(|| node.text_of("error"))
}
