//! Requests of the chat-completions protocol of OpenAI and compatible servers, and the token usage.

use alloc::vec::Vec;

use crate::{
    json::{Node, Writer, room},
    memory::NoMemory,
    message::Message,
    request_body,
    secret::Secret,
    temperature::Temperature,
    text::{Ascii as _, number},
    tool::ToolDefinition,
};

/// The body of `POST …/chat/completions`. Fields that are `None` are left out, so the server's defaults
/// apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionRequest<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The conversation, oldest first.
    pub messages: Vec<&'a Message>,
    /// The tools that the model may call.
    pub tools: &'a [ToolDefinition],
    /// The maximum number of tokens in the answer.
    pub max_tokens: Option<u32>,
    /// The name of that limit: OpenAI's newer models require `max_completion_tokens`, which other servers do
    /// not know.
    pub max_tokens_field: &'a str,
    /// The sampling temperature.
    pub temperature: Option<Temperature>,
    /// Whether to answer with a stream of events.
    pub stream: bool,
    /// Whether the stream ends with the usage. Some servers do not know this option.
    pub stream_usage: bool,
    /// A JSON object whose members replace or follow the others.
    pub extra: &'a Secret,
}

impl CompletionRequest<'_> {
    /// Returns the request as JSON. Fails if there is no memory for it.
    pub fn to_json(&self) -> Result<Vec<u8>, NoMemory> {
        let mut size = room(self.model);
        let mut add = |text: &str| size += room(text);
        for message in &self.messages {
            message.each_part(&mut add);
        }
        for tool in self.tools {
            tool.texts().into_iter().for_each(&mut add);
        }
        request_body::write(size, self.extra, &|request| {
            request.text("model", self.model);
            request.member("messages", &|list| {
                list.array(&self.messages, |item, message| message.write(item))
            });
            if !self.tools.is_empty() {
                request.member("tools", &|list| list.array(self.tools, write_tool));
            }
            request.parameters(
                self.max_tokens_field,
                self.max_tokens,
                self.temperature,
                self.stream,
            );
            if self.stream && self.stream_usage {
                request.literal("stream_options", r#"{"include_usage":true}"#);
            }
        })
    }
}

/// Writes a tool: `{"type":"function","function":{…}}`.
fn write_tool(writer: &mut Writer, tool: &ToolDefinition) {
    writer.object(|object| {
        object.text_member("type", "function");
        object.member("function", |writer| {
            writer.object(|function| {
                function.text_member("name", &tool.name);
                function.text_member("description", &tool.description);
                function.literal_member("parameters", &tool.parameters);
            });
        });
    });
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
    /// Tokens of the request that the provider had cached, if it sends their number.
    pub cached_tokens: u64,
    /// Tokens of the answer that are reasoning, if the provider sends their number.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
            total_tokens: self.total_tokens.saturating_add(other.total_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
        }
    }
}

/// The names of a count: OpenAI's, and those of other servers. A dot leads into an object.
const COUNTS: [[&str; 2]; 5] = [
    ["prompt_tokens", "input_tokens"],
    ["completion_tokens", "output_tokens"],
    ["total_tokens", ""],
    ["prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens"],
    ["completion_tokens_details.reasoning_tokens", "reasoning_tokens"],
];

/// Reads the token usage of chat completions and of Anthropic's messages. Missing and invalid counts keep
/// their value in `known`: a stream may send the usage in parts.
pub fn read_usage(node: Node<'_>, known: Usage) -> Usage {
    let count_of = |name: &str| count(node.get(name)?);
    let count = |[name, other]: [&str; 2]| {
        let found = match name.cut(b'.') {
            Some((details, name)) => node.get(details).and_then(|details| count(details.get(name)?)),
            None => count_of(name),
        };
        found.or_else(|| count_of(other))
    };
    let [prompt, completion, total, cached, reasoning] = COUNTS.map(count);
    // Anthropic does not count these as input.
    let read = count_of("cache_read_input_tokens");
    let created = count_of("cache_creation_input_tokens").unwrap_or(0);
    let beside = read.unwrap_or(0).saturating_add(created);
    let prompt_tokens = prompt.map_or(known.prompt_tokens, |prompt| prompt.saturating_add(beside));
    let completion_tokens = completion.unwrap_or(known.completion_tokens);
    Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: total.unwrap_or_else(|| prompt_tokens.saturating_add(completion_tokens)),
        cached_tokens: cached
            .or(read)
            .or_else(|| count_of("cached_tokens"))
            .unwrap_or(known.cached_tokens),
        reasoning_tokens: reasoning.unwrap_or(known.reasoning_tokens),
    }
}

/// Returns a count, which some servers send as text, and some with a fraction.
fn count(node: Node<'_>) -> Option<u64> {
    let json = node.to_json().ok()?;
    node.as_text().unwrap_or(&json).pieces(b'.').next()?.parse().ok()
}

/// Writes the usage in the form that [`read_usage`] reads:
/// `{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}`, with `prompt_tokens_details` and
/// `completion_tokens_details` if their counts are not 0.
pub fn write_usage(writer: &mut Writer, usage: &Usage) {
    writer.object(|object| {
        let count = |object: &mut Writer, key, tokens: u64| object.literal_member(key, &number(tokens));
        count(object, "prompt_tokens", usage.prompt_tokens);
        count(object, "completion_tokens", usage.completion_tokens);
        count(object, "total_tokens", usage.total_tokens);
        for (details, key, tokens) in [
            ("prompt_tokens_details", "cached_tokens", usage.cached_tokens),
            (
                "completion_tokens_details",
                "reasoning_tokens",
                usage.reasoning_tokens,
            ),
        ] {
            if tokens > 0 {
                object.member(details, |member| {
                    member.object(|object| count(object, key, tokens))
                });
            }
        }
    });
}
