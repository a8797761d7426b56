//! Writer of the input of a request.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use clawft_types::json::Writer;

use super::output;
use crate::{
    dialect::Dialect,
    request::{Content, Part, Request, Role, Source, Turn},
    written::Translation,
};

/// An item to write.
enum Item<'a> {
    /// A message.
    Message(&'a Turn, Vec<&'a Part>),
    /// Reasoning, a call, a result or an item that only this dialect has.
    Part(&'a Part),
}

/// Writes the items.
pub(super) fn write(request: &Request, to: &mut Translation, writer: &mut Writer) {
    let mut items = Vec::new();
    for turn in &request.turns {
        plan(turn, &mut items, to);
    }
    let is_custom = |part: &&Part| matches!(&part.content, Content::Call(call) if call.is_custom);
    let parts = request.turns.iter().flat_map(|turn| &turn.parts);
    let custom: BTreeSet<&str> = parts.filter(is_custom).filter_map(call_id).collect();
    writer.array(items, |writer, item| match item {
        Item::Message(turn, parts) => writer.object(|object| {
            object.text_member("type", "message");
            object.text_member("role", turn.role.name());
            content(&parts, turn.role == Role::Assistant, to, object);
            to.fields(object, &turn.extra);
        }),
        Item::Part(part) => write_item(part, &custom, to, writer),
    });
}

fn call_id(part: &Part) -> Option<&str> {
    match &part.content {
        Content::Call(call) => Some(&call.id),
        _ => None,
    }
}

/// Splits a turn into items: texts that follow each other are one message.
fn plan<'a>(turn: &'a Turn, items: &mut Vec<Item<'a>>, to: &mut Translation) {
    let mut message = Vec::new();
    for part in &turn.parts {
        let is_item = match &part.content {
            Content::Reasoning(thought) if to.from != to.to && !thought.is_sealed() => {
                to.warn(
                    &part.path,
                    "ignored, because OpenAI takes only reasoning that it has sealed",
                );
                continue;
            }
            Content::Trace(_) if to.from != to.to => {
                to.ignore(&part.path);
                continue;
            }
            Content::Other(_) => turn.role == Role::Assistant,
            Content::Reasoning(_) | Content::Call(_) | Content::Result { .. } | Content::Trace(_) => true,
            _ => false,
        };
        if !is_item {
            message.push(part);
            continue;
        }
        if !message.is_empty() {
            items.push(Item::Message(turn, core::mem::take(&mut message)));
        }
        items.push(Item::Part(part));
    }
    if !message.is_empty() || turn.parts.is_empty() {
        items.push(Item::Message(turn, message));
    }
}

fn write_item(part: &Part, custom: &BTreeSet<&str>, to: &mut Translation, writer: &mut Writer) {
    writer.object(|object| {
        match &part.content {
            Content::Reasoning(thought) => output::reasoning(thought, object),
            Content::Call(call) => output::call(call, &call.input, object),
            Content::Result {
                id,
                parts,
                is_error,
                is_custom,
            } => {
                let is_custom = *is_custom || custom.contains(id.as_str());
                object.text_member(
                    "type",
                    if is_custom {
                        "custom_tool_call_output"
                    } else {
                        "function_call_output"
                    },
                );
                object.text_member("call_id", id);
                result(parts, *is_error, to, object);
            }
            Content::Other(raw) | Content::Trace(raw) => {
                if to.from != to.to {
                    to.refuse_part(part);
                }
                raw.write_members(object);
            }
            _ => to.refuse(&part.path),
        }
        to.fields(object, &part.extra);
    });
}

/// Writes the member `output`. A failure is told in the text: there is no other place for it.
fn result(parts: &[Part], is_error: bool, to: &mut Translation, writer: &mut Writer) {
    let first = parts.iter().find_map(Part::as_text).unwrap_or_default();
    let prefix = crate::chat::error_prefix(is_error, first);
    match parts {
        [] => writer.text_member("output", prefix),
        [part] if part.extra.is_empty() && part.as_text().is_some() => {
            writer.text_member("output", &[prefix, first].concat());
        }
        _ => writer.member("output", |writer| {
            writer.array(parts.iter().enumerate(), |writer, (index, part)| {
                write_part(part, if index == 0 { prefix } else { "" }, false, to, writer);
            });
        }),
    }
}

fn content(parts: &[&Part], is_output: bool, to: &mut Translation, writer: &mut Writer) {
    match parts {
        [] => writer.text_member("content", ""),
        [part] if part.extra.is_empty() && part.as_text().is_some() => {
            writer.text_member("content", part.as_text().unwrap_or_default());
        }
        _ => writer.member("content", |writer| {
            writer.array(parts, |writer, part| write_part(part, "", is_output, to, writer));
        }),
    }
}

fn write_part(part: &Part, prefix: &str, is_output: bool, to: &mut Translation, writer: &mut Writer) {
    writer.object(|object| {
        match &part.content {
            Content::Text(text) => {
                object.text_member("type", if is_output { "output_text" } else { "input_text" });
                object.text_member("text", &[prefix, text].concat());
            }
            Content::Refusal(text) => {
                object.text_member("type", "refusal");
                object.text_member("refusal", text);
            }
            Content::Image(source) => {
                object.text_member("type", "input_image");
                match source {
                    Source::Id(id) if to.from != Dialect::Messages => object.text_member("file_id", id),
                    _ => match source.as_url() {
                        Some(url) => object.text_member("image_url", &url),
                        None => to.refuse(&part.path),
                    },
                }
            }
            Content::Audio { data, format } => {
                object.text_member("type", "input_audio");
                object.member("input_audio", |writer| {
                    writer.object(|audio| {
                        audio.text_member("data", data);
                        audio.text_member("format", format);
                    });
                });
            }
            Content::File { source, name } => file(source, name.as_deref(), part, to, object),
            Content::Other(raw) if to.from == to.to => raw.write_members(object),
            _ => to.refuse_part(part),
        }
        to.fields(object, &part.extra);
    });
}

/// Writes a document. Plain text becomes a text.
fn file(source: &Source, name: Option<&str>, part: &Part, to: &mut Translation, writer: &mut Writer) {
    let (key, value) = match source {
        Source::Text(text) => {
            writer.text_member("type", "input_text");
            let title = name.map_or_else(String::new, |name| [name, "\n\n"].concat());
            return writer.text_member("text", &[&title, text.as_str()].concat());
        }
        Source::Id(_) if to.from == Dialect::Messages => return to.refuse(&part.path),
        Source::Id(id) => ("file_id", id.clone()),
        Source::Url(url) if !url.starts_with("data:") => ("file_url", url.clone()),
        _ => ("file_data", source.as_url().unwrap_or_default()),
    };
    writer.text_member("type", "input_file");
    writer.text_member(key, &value);
    match name {
        Some(name) => writer.text_member("filename", name),
        None if key == "file_data" && to.from != to.to => writer.text_member("filename", "document"),
        None => {}
    }
}

impl Role {
    /// Returns the name of the role.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}
