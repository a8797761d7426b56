//! Reader of items: of the input, and of the output, which the input of the next request repeats.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::Node;

use crate::{
    error::Error,
    path::Path,
    raw::{Field, Raw},
    read::{json_text_of, parts, rest, source, text, text_of},
    request::{Call, Content, Part, Role, Source, Thought, Turn},
};

/// The beginning of `encrypted_content` that stands for a `redacted_thinking` block of Anthropic.
pub(super) const REDACTED: &str = "redacted_thinking:";

/// Types of items that record the work of the provider's own tools. A model of another provider answers without them.
const TRACES: &[&str] = &[
    "code_interpreter_call",
    "file_search_call",
    "ghost_snapshot",
    "image_generation_call",
    "mcp_list_tools",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

/// Reads an item as a turn.
pub(super) fn read(node: Node<'_>, path: &Path<'_>) -> Result<Turn, Error> {
    let kind = node.text_of("type").unwrap_or("message");
    let (role, parts, extra) = match kind {
        "message" if node.get("role").is_some() => message(node, path)?,
        "reasoning" => reasoning(node, path)?,
        "function_call" | "custom_tool_call" => call(node, path, kind == "custom_tool_call")?,
        "function_call_output" | "custom_tool_call_output" => {
            result(node, path, kind == "custom_tool_call_output")?
        }
        _ => {
            let raw = Raw::of(node);
            let content = if TRACES.contains(&kind) {
                Content::Trace(raw)
            } else {
                Content::Other(raw)
            };
            (Role::Assistant, Vec::from([Part::new(content, path)]), Vec::new())
        }
    };
    Ok(Turn {
        role,
        parts,
        path: path.to_string(),
        extra,
    })
}

type Read = (Role, Vec<Part>, Vec<Field>);

fn message(node: Node<'_>, path: &Path<'_>) -> Result<Read, Error> {
    let role = node.require("role")?;
    let author = match role.text()? {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return Err(role.error("unknown role")),
    };
    let content = parts(node.require("content")?, &path.key("content"), part)?;
    Ok((author, content, rest(node, path, &["type", "role", "content"])?))
}

fn part(node: Node<'_>, path: &Path<'_>) -> Result<Part, Error> {
    let (content, known): (Content, &[&str]) = match node.require("type")?.text()? {
        "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
            (Content::Text(text(node.require("text")?)?), &["type", "text"])
        }
        "refusal" => (
            Content::Refusal(text(node.require("refusal")?)?),
            &["type", "refusal"],
        ),
        "input_image" => {
            let image = match node.text_of("image_url") {
                Some(url) => source(url)?,
                None => Source::Id(text(node.require("file_id")?)?),
            };
            (Content::Image(image), &["type", "image_url", "file_id"])
        }
        "input_file" => {
            let file = match (node.text_of("file_data"), node.text_of("file_url")) {
                (Some(data), _) => source(data)?,
                (None, Some(url)) => Source::Url(url.to_string()),
                (None, None) => Source::Id(text(node.require("file_id")?)?),
            };
            let content = Content::File {
                source: file,
                name: node.get("filename").map(text).transpose()?,
            };
            (content, &["type", "file_data", "file_url", "file_id", "filename"])
        }
        "input_audio" => {
            let audio = node.require("input_audio")?;
            let content = Content::Audio {
                data: text(audio.require("data")?)?,
                format: text(audio.require("format")?)?,
            };
            (content, &["type", "input_audio"])
        }
        _ => return Ok(Part::new(Content::Other(Raw::of(node)), path)),
    };
    Ok(Part {
        extra: rest(node, path, known)?,
        ..Part::new(content, path)
    })
}

/// Reads reasoning. Its text is the summary, or the content, which only open models have.
fn reasoning(node: Node<'_>, path: &Path<'_>) -> Result<Read, Error> {
    let joined = |key: &str| {
        let parts = node.get(key).and_then(Node::as_items).into_iter().flatten();
        let texts: Vec<&str> = parts.filter_map(|part| part.text_of("text")).collect();
        texts.join("\n\n")
    };
    let mut thought = Thought {
        text: joined("summary"),
        signature: node.get("encrypted_content").map(text).transpose()?,
        redacted: None,
    };
    if thought.text.is_empty() {
        thought.text = joined("content");
    }
    if let Some(data) = thought
        .signature
        .as_deref()
        .and_then(|text| text.strip_prefix(REDACTED))
    {
        thought.redacted = Some(data.to_string());
        thought.signature = None;
    }
    let known = ["type", "summary", "content", "encrypted_content"];
    let part = Part {
        extra: rest(node, path, &known)?,
        ..Part::new(Content::Reasoning(thought), path)
    };
    Ok((Role::Assistant, Vec::from([part]), Vec::new()))
}

fn call(node: Node<'_>, path: &Path<'_>, is_custom: bool) -> Result<Read, Error> {
    let input = if is_custom { "input" } else { "arguments" };
    let call = Call {
        id: text(node.require("call_id")?)?,
        name: text(node.require("name")?)?,
        namespace: node.get("namespace").map(text).transpose()?,
        input: match is_custom {
            true => text_of(node, input)?,
            false => json_text_of(node, input)?,
        },
        is_custom,
    };
    let part = Part {
        extra: rest(node, path, &["type", "call_id", "name", "namespace", input])?,
        ..Part::new(Content::Call(call), path)
    };
    Ok((Role::Assistant, Vec::from([part]), Vec::new()))
}

/// Reads the result of a call. Older versions of Codex send an object with `content` and `success`.
fn result(node: Node<'_>, path: &Path<'_>, is_custom: bool) -> Result<Read, Error> {
    let output = node.require("output")?;
    let wrapped = output.as_members().and_then(|_| output.get("content"));
    let success = output.as_members().and_then(|_| output.get("success"));
    let is_error = success.map_or(Ok(false), |flag| flag.flag().map(|flag| !flag))?;
    let content = Content::Result {
        id: text(node.require("call_id")?)?,
        parts: parts(wrapped.unwrap_or(output), &path.key("output"), part)?,
        is_error,
        is_custom,
    };
    let part = Part {
        extra: rest(node, path, &["type", "call_id", "output", "name", "namespace"])?,
        ..Part::new(content, path)
    };
    Ok((Role::Tool, Vec::from([part]), Vec::new()))
}

/// Adds an item to the turns of a request: all that the model says and calls between two messages of others is one
/// turn, and so are results that follow each other. The last turn is searched for a text only if the item has one: so
/// each turn is searched twice at most, however many items it has.
pub(super) fn add(turns: &mut Vec<Turn>, item: Turn) {
    let has_text = |turn: &Turn| turn.parts.iter().any(|part| part.as_text().is_some());
    match turns.last_mut() {
        Some(last)
            if last.role == item.role
                && matches!(item.role, Role::Assistant | Role::Tool)
                && !(has_text(&item) && has_text(last)) =>
        {
            last.parts.extend(item.parts);
            last.extra.extend(item.extra);
        }
        _ => turns.push(item),
    }
}
