//! Writer of the items of an output.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::json::Writer;

use super::items::REDACTED;
use crate::{
    request::{Call, Content, Part, Thought},
    template::{Slot, fill},
    written::Translation,
};

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
        [prefix, "_", id, "_", &index.to_string()].concat()
    }

    /// Writes the members of the complete item. `logprobs` is the list of its first text.
    pub(super) fn write(&self, id: &str, status: &str, logprobs: &str, writer: &mut Writer) {
        fill(writer, r#""id":$,"#, &[Slot::Text(id)]);
        match self {
            Item::Message(parts) => {
                let template = r#""type":"message","status":$,"role":"assistant","#;
                fill(writer, template, &[Slot::Text(status)]);
                writer.member("content", |writer| {
                    writer.array(parts.iter().enumerate(), |writer, (index, part)| {
                        let logprobs = if index == 0 { logprobs } else { NO_LOGPROBS };
                        writer.object(|object| text(&part.content, logprobs, object));
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

/// The list of log probabilities of a text without any.
pub(super) const NO_LOGPROBS: &str = "[]";

/// Writes a part of a message.
pub(super) fn text(content: &Content, logprobs: &str, writer: &mut Writer) {
    match content {
        Content::Refusal(text) => fill(writer, r#""type":"refusal","refusal":$"#, &[Slot::Text(text)]),
        Content::Text(text) => {
            let template = r#""type":"output_text","text":$,"annotations":[],"logprobs":$"#;
            fill(writer, template, &[Slot::Text(text), Slot::Json(logprobs)]);
        }
        _ => {}
    }
}

/// Writes the members of reasoning, with a comma after the last. Its text is the summary, because that is what clients
/// show.
pub(super) fn reasoning(thought: &Thought, writer: &mut Writer) {
    let summary = match thought.text.as_str() {
        "" => r#""type":"reasoning","summary":[],"#,
        _ => r#""type":"reasoning","summary":[{"type":"summary_text","text":$}],"#,
    };
    fill(writer, summary, &[Slot::Text(&thought.text)]);
    let (prefix, sealed) = match (&thought.redacted, &thought.signature) {
        (Some(data), _) => (REDACTED, data),
        (None, Some(signature)) => ("", signature),
        (None, None) => return,
    };
    writer.text_member("encrypted_content", &[prefix, sealed].concat());
}

/// Writes the members of a call with this input, with a comma after the last.
pub(super) fn call(call: &Call, input: &str, writer: &mut Writer) {
    let template = if call.is_custom {
        r#""type":"custom_tool_call","call_id":$,"name":$,"input":$,"#
    } else {
        r#""type":"function_call","call_id":$,"name":$,"arguments":$,"#
    };
    let slots = [Slot::Text(&call.id), Slot::Text(&call.name), Slot::Text(input)];
    fill(writer, template, &slots);
    if let Some(namespace) = &call.namespace {
        writer.text_member("namespace", namespace);
    }
}
