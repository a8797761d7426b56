//! Content blocks of Anthropic messages.

use alloc::{string::String, vec::Vec};

use clawft_types::json::{self, Node, Writer};

use crate::{
    base64, custom,
    error::Error,
    path::Path,
    raw::Raw,
    read::{parts, rest, text, text_of},
    request::{Call, Content, Part, Source, Thought},
    written::Translation,
};

pub(crate) fn read(node: Node<'_>, path: &Path<'_>) -> Result<Part, Error> {
    let (content, known): (Content, &[&str]) = match node.require("type")?.text()? {
        "text" => (Content::Text(text(node.require("text")?)?), &["type", "text"]),
        "image" => (
            Content::Image(read_source(node.require("source")?)?),
            &["type", "source"],
        ),
        "document" if node.get("source").and_then(|source| source.text_of("type")) != Some("content") => {
            let file = Content::File {
                source: read_source(node.require("source")?)?,
                name: node.get("title").map(text).transpose()?,
            };
            (file, &["type", "source", "title"])
        }
        "thinking" => {
            let signature = text_of(node, "signature")?;
            let thought = Thought {
                text: text(node.require("thinking")?)?,
                signature: Some(signature).filter(|signature| !signature.is_empty()),
                redacted: None,
            };
            (Content::Reasoning(thought), &["type", "thinking", "signature"])
        }
        "redacted_thinking" => {
            let thought = Thought {
                redacted: Some(text(node.require("data")?)?),
                ..Thought::default()
            };
            (Content::Reasoning(thought), &["type", "data"])
        }
        "tool_use" => {
            let call = Call {
                id: text(node.require("id")?)?,
                name: text(node.require("name")?)?,
                namespace: None,
                input: node
                    .get("input")
                    .map(Raw::of)
                    .map_or_else(String::new, Raw::into_text),
                is_custom: false,
            };
            (Content::Call(call), &["type", "id", "name", "input"])
        }
        "tool_result" => {
            let content = node.get("content");
            let result = Content::Result {
                id: text(node.require("tool_use_id")?)?,
                parts: content.map_or(Ok(Vec::new()), |node| parts(node, &path.key("content"), read))?,
                is_error: node.get("is_error").map_or(Ok(false), Node::flag)?,
                is_custom: false,
            };
            (result, &["type", "tool_use_id", "content", "is_error"])
        }
        "server_tool_use" => return Ok(Part::new(Content::Trace(Raw::of(node)), path)),
        kind if kind.ends_with("_tool_result") => return Ok(Part::new(Content::Trace(Raw::of(node)), path)),
        _ => return Ok(Part::new(Content::Other(Raw::of(node)), path)),
    };
    Ok(Part {
        extra: rest(node, path, known)?,
        ..Part::new(content, path)
    })
}

fn read_source(node: Node<'_>) -> Result<Source, Error> {
    let kind = node.require("type")?;
    Ok(match kind.text()? {
        "base64" => Source::Data {
            media_type: text(node.require("media_type")?)?,
            data: text(node.require("data")?)?,
        },
        "url" => Source::Url(text(node.require("url")?)?),
        "file" => Source::Id(text(node.require("file_id")?)?),
        "text" => Source::Text(text(node.require("data")?)?),
        _ => return Err(kind.error("unknown kind of source")),
    })
}

pub(crate) fn write(part: &Part, to: &mut Translation, writer: &mut Writer) {
    writer.object(|block| {
        write_members(part, to, block);
        to.fields(block, &part.extra);
    });
}

fn write_members(part: &Part, to: &mut Translation, block: &mut Writer) {
    match &part.content {
        Content::Text(text) | Content::Refusal(text) => {
            block.text_member("type", "text");
            block.text_member("text", text);
        }
        Content::Image(source) => {
            block.text_member("type", "image");
            write_source(source, part, to, block);
        }
        Content::File { source, name } => {
            block.text_member("type", "document");
            write_source(source, part, to, block);
            if let Some(name) = name {
                block.text_member("title", name);
            }
        }
        Content::Reasoning(thought) => thought.write_block(block),
        Content::Call(call) => write_call(call, &part.path, to, block),
        Content::Result {
            id, parts, is_error, ..
        } => {
            block.text_member("type", "tool_result");
            block.text_member("tool_use_id", &safe_id(id));
            write_content(&parts.iter().collect::<Vec<_>>(), to, block);
            if *is_error {
                block.literal_member("is_error", "true");
            }
        }
        Content::Audio { .. } => to.refuse(&part.path),
        Content::Other(raw) | Content::Trace(raw) if to.from == to.to => raw.write_members(block),
        Content::Other(_) | Content::Trace(_) => to.refuse_part(part),
    }
}

/// Writes the member `content`: a string if there is only one plain text, else an array of blocks.
pub(super) fn write_content(parts: &[&Part], to: &mut Translation, writer: &mut Writer) {
    match parts {
        [] => writer.text_member("content", ""),
        [part] if part.extra.is_empty() && part.as_text().is_some() => {
            writer.text_member("content", part.as_text().unwrap_or_default());
        }
        _ => writer.member("content", |writer| {
            writer.array(parts, |writer, part| write(part, to, writer));
        }),
    }
}

fn write_source(source: &Source, part: &Part, to: &mut Translation, writer: &mut Writer) {
    let is_image = matches!(part.content, Content::Image(_));
    let (kind, key, value) = match source {
        Source::Url(url) if url.starts_with("data:") => {
            return to.fail(&part.path, "a data URL must be in base64");
        }
        Source::Url(url) => ("url", "url", url),
        Source::Id(id) if to.from == to.to => ("file", "file_id", id),
        Source::Id(_) => return to.refuse(&part.path),
        Source::Text(text) => return write_text(text, writer),
        Source::Data { media_type, data } if is_image || media_type == "application/pdf" => {
            return writer.member("source", |writer| {
                writer.object(|source| {
                    source.text_member("type", "base64");
                    source.text_member("media_type", media_type);
                    source.text_member("data", data);
                });
            });
        }
        Source::Data { media_type, data } if media_type.starts_with("text/") => {
            return match base64::decode_text(data) {
                Some(text) => write_text(&text, writer),
                None => to.fail(&part.path, "the text is not UTF-8 in base64"),
            };
        }
        Source::Data { .. } => return to.refuse(&part.path),
    };
    writer.member("source", |writer| {
        writer.object(|source| {
            source.text_member("type", kind);
            source.text_member(key, value);
        });
    });
}

fn write_text(text: &str, writer: &mut Writer) {
    writer.member("source", |writer| {
        writer.object(|source| {
            source.text_member("type", "text");
            source.text_member("media_type", "text/plain");
            source.text_member("data", text);
        });
    });
}

fn write_call(call: &Call, path: &str, to: &mut Translation, writer: &mut Writer) {
    writer.text_member("type", "tool_use");
    writer.text_member("id", &safe_id(&call.id));
    writer.text_member("name", &call.flat_name());
    writer.member("input", |writer| {
        if call.is_custom {
            return writer.literal(custom::wrapped(&call.input).as_str());
        }
        if let Err(wrapped) = write_input(&call.input, writer) {
            to.warn(
                path,
                "the input is not a JSON object, so it is sent as text in `INVALID_JSON`",
            );
            writer.literal(wrapped.as_str());
        }
    });
}

/// Writes the input of a call, a JSON text, as an object. If it is none, returns the object with which Anthropic
/// advises to hand invalid JSON to a model.
pub(crate) fn write_input(input: &str, writer: &mut Writer) -> Result<(), Raw> {
    if input.trim_ascii().is_empty() {
        writer.literal("{}");
        return Ok(());
    }
    let parsed = json::parse(input.as_bytes()).ok();
    match parsed
        .as_ref()
        .map(Node::root)
        .filter(|root| root.as_members().is_some())
    {
        Some(root) => {
            writer.value(root);
            Ok(())
        }
        None => Err(Raw::written(|writer| {
            writer.object(|wrapper| wrapper.text_member("INVALID_JSON", input));
        })),
    }
}

/// Returns an identifier with only the characters that Anthropic takes.
pub(super) fn safe_id(id: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    id.chars().map(|c| if is_safe(c) { c } else { '_' }).collect()
}
