//! Writer of the items of an output.

use super::items::REDACTED;
use crate::request::{Call, Content, Part, Thought};
use crate::written::Translation;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use clawft_types::json::Writer;

/// An item of the output.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    /// A message: texts and refusals that follow each other.
    Message(&'a [Part]),
    /// Reasoning.
    Reasoning(&'a Thought),
    /// A call of a tool.
    Call(&'a Call),
}

/// Returns the items of an answer. Warns of parts that have no counterpart.
pub(super) fn items<'a>(parts: &'a [Part], to: &mut Translation) -> Vec<Item<'a>> {
    let groups = parts.chunk_by(|a, b| is_text(a) && is_text(b));
    let item = |group: &'a [Part]| match group {
        [Part { content, path, .. }] if !matches!(content, Content::Text(_) | Content::Refusal(_)) => {
            match content {
                Content::Reasoning(thought) => Some(Item::Reasoning(thought)),
                Content::Call(call) => Some(Item::Call(call)),
                _ => {
                    to.refuse(path);
                    None
                }
            }
        }
        _ => Some(Item::Message(group)),
    };
    groups.filter_map(item).collect()
}

/// Returns whether a part belongs into a message.
pub(super) fn is_text(part: &Part) -> bool {
    matches!(part.content, Content::Text(_) | Content::Refusal(_))
}

impl Item<'_> {
    /// Returns the identifier of the item at `index` of the response `id`.
    pub(super) fn id(&self, id: &str, index: usize) -> String {
        let id = id.strip_prefix("resp_").unwrap_or(id);
        let prefix = match self {
            Item::Message(_) => "msg",
            Item::Reasoning(_) => "rs",
            Item::Call(call) if call.is_custom => "ctc",
            Item::Call(_) => "fc",
        };
        format!("{prefix}_{id}_{index}")
    }

    /// Writes the members of the complete item.
    pub(super) fn write(&self, id: &str, status: &str, writer: &mut Writer) {
        writer.text_member("id", id);
        match self {
            Item::Message(parts) => {
                writer.text_member("type", "message");
                writer.text_member("status", status);
                writer.text_member("role", "assistant");
                writer.member("content", |writer| {
                    writer.array(*parts, |writer, part| {
                        writer.object(|object| text(&part.content, object));
                    });
                });
            }
            Item::Reasoning(thought) => reasoning(thought, writer),
            Item::Call(tool) => {
                call(tool, &tool.input, writer);
                writer.text_member("status", status);
            }
        }
    }
}

/// Writes a part of a message.
pub(super) fn text(content: &Content, writer: &mut Writer) {
    match content {
        Content::Refusal(text) => {
            writer.text_member("type", "refusal");
            writer.text_member("refusal", text);
        }
        Content::Text(text) => {
            writer.text_member("type", "output_text");
            writer.text_member("text", text);
            writer.literal_member("annotations", "[]");
            writer.literal_member("logprobs", "[]");
        }
        _ => {}
    }
}

/// Writes the members of reasoning. Its text is the summary, because that is what clients show.
pub(super) fn reasoning(thought: &Thought, writer: &mut Writer) {
    writer.text_member("type", "reasoning");
    writer.member("summary", |writer| {
        let texts = [&thought.text].into_iter().filter(|text| !text.is_empty());
        writer.array(texts, |writer, text| {
            writer.object(|part| {
                part.text_member("type", "summary_text");
                part.text_member("text", text);
            });
        });
    });
    if let Some(data) = &thought.redacted {
        writer.text_member("encrypted_content", &[REDACTED, data].concat());
    } else if let Some(signature) = &thought.signature {
        writer.text_member("encrypted_content", signature);
    }
}

/// Writes the members of a call with this input.
pub(super) fn call(call: &Call, input: &str, writer: &mut Writer) {
    let (kind, key) = if call.is_custom {
        ("custom_tool_call", "input")
    } else {
        ("function_call", "arguments")
    };
    writer.text_member("type", kind);
    writer.text_member("call_id", &call.id);
    writer.text_member("name", &call.name);
    if let Some(namespace) = &call.namespace {
        writer.text_member("namespace", namespace);
    }
    writer.text_member(key, input);
}
