//! Reader of chat completion requests.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::json::Node;

use super::tools;
use crate::{
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::{Field, Raw},
    read::{inner, json_text_of, list, members, parts, rest, source, text, text_of, texts},
    request::{Call, Content, Format, Part, Reasoning, Request, Role, Source, Thought, Turn},
};

/// A reader of a part of a content.
type ReadPart = fn(Node<'_>, &Path<'_>) -> Result<Part, Error>;

pub(crate) fn request(root: Node<'_>) -> Result<Request, Error> {
    root.require("model")?;
    root.require("messages")?;
    let mut request = Request::new(Dialect::Chat);
    for (key, value) in members(root)? {
        let path = Path::ROOT.key(key);
        match key {
            "model" => request.model = text(value)?,
            "messages" => request.turns = list(value, &path, turn)?,
            "stream" => request.stream = value.flag()?,
            "stream_options" => {
                request.include_usage = value
                    .get("include_usage")
                    .is_some_and(|flag| flag.flag() == Ok(true));
                request.extra.extend(rest(value, &path, &["include_usage"])?);
            }
            "tools" => request.tools = list(value, &path, tools::read)?,
            "tool_choice" => request.tool_choice = Some(tools::read_choice(value)?),
            "parallel_tool_calls" => request.parallel_tool_calls = Some(value.flag()?),
            "max_tokens" | "max_completion_tokens" => request.max_tokens = Some(value.whole()?),
            "temperature" => {
                value.number()?;
                request.temperature = Some(Raw::of(value));
            }
            "stop" => request.stop = texts(value)?,
            "response_format" => request.format = format(value, &path, &mut request.extra)?,
            "reasoning_effort" => {
                request.reasoning = Some(Reasoning {
                    effort: Some(text(value)?),
                    ..Reasoning::default()
                });
            }
            "user" => request.user = Some(text(value)?),
            _ => request.extra.push(Field::new(&Path::ROOT, key, value)),
        }
    }
    Ok(request)
}

/// Reads the format of an answer, with or without an object around the members of a schema.
pub(crate) fn format(
    node: Node<'_>,
    path: &Path<'_>,
    extra: &mut Vec<Field>,
) -> Result<Option<Format>, Error> {
    let kind = node.require("type")?;
    Ok(match kind.text()? {
        "text" => None,
        "json_object" => Some(Format::Json),
        "json_schema" => {
            let path = path.key("json_schema");
            let schema = inner(node, "json_schema");
            let known = ["type", "name", "description", "schema", "strict"];
            extra.extend(rest(schema, &path, &known)?);
            Some(Format::Schema {
                name: schema.get("name").map(text).transpose()?,
                description: schema.get("description").map(text).transpose()?,
                schema: Raw::of(schema.require("schema")?),
                strict: schema.get("strict").map(Node::flag).transpose()?,
            })
        }
        _ => return Err(kind.error("unknown format")),
    })
}

fn turn(node: Node<'_>, path: &Path<'_>) -> Result<Turn, Error> {
    let role = node.require("role")?;
    let (author, id) = match role.text()? {
        "system" => (Role::System, None),
        "developer" => (Role::Developer, None),
        "user" => (Role::User, None),
        "assistant" => (Role::Assistant, None),
        "tool" => (Role::Tool, Some("tool_call_id")),
        "function" => (Role::Tool, Some("name")),
        _ => return Err(role.error("unknown role")),
    };
    let mut turn = message(node, path, (author, id), part)?;
    if let Some(id) = id {
        let content = Content::Result {
            id: text(node.require(id)?)?,
            parts: turn.parts,
            is_error: false,
            is_custom: false,
        };
        turn.parts = [Part::new(content, path)].into();
    }
    Ok(turn)
}

/// Reads a message but for its role and the member `id`, with `part` for the parts of its content.
pub(super) fn message(
    node: Node<'_>,
    path: &Path<'_>,
    (role, id): (Role, Option<&str>),
    part: ReadPart,
) -> Result<Turn, Error> {
    let mut turn = Turn {
        role,
        parts: thoughts(node, path)?,
        path: path.to_string(),
        extra: Vec::new(),
    };
    let mut calls = Vec::new();
    for (key, value) in members(node)? {
        let at = path.key(key);
        match key {
            "role" | "reasoning_content" | "reasoning" | "thinking_blocks" | "reasoning_details" => {}
            _ if Some(key) == id => {}
            "content" => turn.parts.append(&mut parts(value, &at, part)?),
            "refusal" => turn.parts.push(Part::new(Content::Refusal(text(value)?), &at)),
            "tool_calls" => {
                calls.append(&mut list(value, &at, tools::read_call)?);
            }
            "function_call" => calls.push(function_call(value, &at)?),
            _ => turn.extra.push(Field::new(path, key, value)),
        }
    }
    turn.parts.append(&mut calls);
    Ok(turn)
}

/// Returns the reasoning of an assistant's message, which servers call by different names.
///
/// `reasoning_content` is DeepSeek's name, which vLLM, SGLang and others took over; `reasoning` is that of OpenRouter
/// and newer versions of vLLM. Signatures are in LiteLLM's `thinking_blocks` or OpenRouter's `reasoning_details`.
pub(super) fn thoughts(node: Node<'_>, path: &Path<'_>) -> Result<Vec<Part>, Error> {
    for key in ["thinking_blocks", "reasoning_details"] {
        let path = path.key(key);
        let blocks = node.get(key).and_then(Node::as_items);
        let mut found = Vec::new();
        for (index, block) in blocks.into_iter().flatten().enumerate() {
            let thought = match block.text_of("type") {
                Some("thinking") => Thought {
                    text: text_of(block, "thinking")?,
                    signature: block.get("signature").map(text).transpose()?,
                    redacted: None,
                },
                Some("reasoning.text") => Thought {
                    text: text_of(block, "text")?,
                    signature: block.get("signature").map(text).transpose()?,
                    redacted: None,
                },
                Some("redacted_thinking" | "reasoning.encrypted") => Thought {
                    redacted: Some(text_of(block, "data")?),
                    ..Thought::default()
                },
                _ => Thought {
                    text: text_of(block, "summary")?,
                    ..Thought::default()
                },
            };
            found.push(Part::new(Content::Reasoning(thought), &path.index(index)));
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let plain = ["reasoning_content", "reasoning"].into_iter().find_map(|key| {
        let value = node.get(key).filter(|value| value.as_text() != Some(""))?;
        Some((key, value))
    });
    let Some((key, value)) = plain else {
        return Ok(Vec::new());
    };
    let thought = Thought {
        text: text(value)?,
        ..Thought::default()
    };
    Ok([Part::new(Content::Reasoning(thought), &path.key(key))].into())
}

/// Returns the reasoning of a part of an answer's content, where Mistral's models have it: a text, or a list of texts.
pub(super) fn thinking(part: Node<'_>) -> Option<String> {
    if part.text_of("type") != Some("thinking") {
        return None;
    }
    let thought = part.get("thinking")?;
    let texts = thought.as_items().into_iter().flatten();
    let texts = texts.filter_map(|text| text.text_of("text"));
    Some(thought.as_text().into_iter().chain(texts).collect())
}

/// Reads a part of an answer's content.
pub(super) fn answer_part(node: Node<'_>, path: &Path<'_>) -> Result<Part, Error> {
    match thinking(node) {
        Some(text) => {
            let thought = Thought {
                text,
                ..Thought::default()
            };
            Ok(Part::new(Content::Reasoning(thought), path))
        }
        None => part(node, path),
    }
}

/// Reads the older form of a call, which has no identifier: its name takes that place.
fn function_call(node: Node<'_>, path: &Path<'_>) -> Result<Part, Error> {
    let name = text(node.require("name")?)?;
    let call = Call {
        id: name.clone(),
        name,
        namespace: None,
        input: json_text_of(node, "arguments")?,
        is_custom: false,
    };
    Ok(Part::new(Content::Call(call), path))
}

fn part(node: Node<'_>, path: &Path<'_>) -> Result<Part, Error> {
    let kind = node.require("type")?.text()?;
    let mut extra = Vec::new();
    let content = match kind {
        "text" => Content::Text(text(node.require("text")?)?),
        "refusal" => Content::Refusal(text(node.require("refusal")?)?),
        "image_url" => {
            let image = node.require("image_url")?;
            if image.as_text().is_none() {
                extra = rest(image, &path.key("image_url"), &["url"])?;
            }
            let url = match image.as_text() {
                Some(url) => url,
                None => image.require("url")?.text()?,
            };
            Content::Image(source(url)?)
        }
        "input_audio" => {
            let audio = node.require("input_audio")?;
            Content::Audio {
                data: text(audio.require("data")?)?,
                format: text(audio.require("format")?)?,
            }
        }
        "file" => file(node.require("file")?)?,
        _ => Content::Other(Raw::of(node)),
    };
    if !matches!(content, Content::Other(_)) {
        extra.extend(rest(node, path, &["type", kind])?);
    }
    Ok(Part {
        content,
        path: path.to_string(),
        extra,
    })
}

fn file(node: Node<'_>) -> Result<Content, Error> {
    let source = match (node.text_of("file_data"), node.text_of("file_id")) {
        (Some(data), _) => source(data)?,
        (None, Some(id)) => Source::Id(String::from(id)),
        (None, None) => return Err(node.error("`file_data` or `file_id` is missing")),
    };
    Ok(Content::File {
        source,
        name: node.get("filename").map(text).transpose()?,
    })
}
