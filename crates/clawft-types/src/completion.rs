//! The chat-completions protocol: what OpenAI and everyone compatible with it read and answer.

use crate::json::{JsonError, Node, Writer};
use crate::message::Message;
use crate::temperature::Temperature;
use alloc::borrow::ToOwned as _;
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
    /// The request as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut writer = Writer::default();
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
        writer.into_bytes()
    }
}

/// The body of a successful answer, as far as clawft reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionResponse {
    /// The answers; one unless more were asked for.
    pub choices: Vec<Choice>,
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
        let mut choices = Vec::new();
        for choice in node.require("choices")?.items()? {
            choices.push(read_choice(choice)?);
        }
        Ok(CompletionResponse { choices, usage: node.get("usage").map(|usage| read_usage(usage)) })
    }

    /// The answer as JSON, with `null` for what is `None`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|response| {
            response.member("choices", |list| list.array(&self.choices, write_choice));
            response.member("usage", |value| match &self.usage {
                Some(usage) => write_usage(value, usage),
                None => value.literal("null"),
            });
        });
        writer.into_bytes()
    }
}

fn read_choice(node: Node<'_>) -> Result<Choice, JsonError> {
    let message = node.require("message")?;
    Ok(Choice {
        message: Answer {
            content: message.get("content").map(|content| read_content(content)).transpose()?,
            refusal: message.text_of("refusal").map(str::to_owned),
        },
        finish_reason: node.text_of("finish_reason").map(str::to_owned),
    })
}

/// A string, or the list of parts that some servers send: `[{"type":"text","text":"…"}, …]`.
pub(crate) fn read_content(node: Node<'_>) -> Result<String, JsonError> {
    let Some(parts) = node.as_items() else { return node.text().map(str::to_owned) };
    let mut content = String::new();
    for text in parts.filter_map(|part| part.get("text")) {
        content.push_str(text.text()?);
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

fn write_choice(writer: &mut Writer, choice: &Choice) {
    writer.object(|object| {
        object.member("message", |message| {
            message.object(|message| {
                write_optional(message, "content", choice.message.content.as_deref());
                write_optional(message, "refusal", choice.message.refusal.as_deref());
            });
        });
        write_optional(object, "finish_reason", choice.finish_reason.as_deref());
    });
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

fn write_optional(object: &mut Writer, key: &str, text: Option<&str>) {
    object.member(key, |value| match text {
        Some(text) => value.text(text),
        None => value.literal("null"),
    });
}

/// The server's own words in an error body: `{"error":{"message":"…"}}`, `{"error":"…"}` or `{"message":"…"}`.
pub fn error_message<'a>(node: Node<'a>) -> Option<&'a str> {
    node.get("error").unwrap_or(node).text_of("message").or_else(|| node.text_of("error"))
}
