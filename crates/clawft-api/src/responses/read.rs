//! Reader of requests.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::json::Node;

use super::{items, tools};
use crate::{
    chat,
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::{Field, Raw},
    read::{members, rest, text},
    request::{Content, Part, Reasoning, Request, Role, Turn},
};

/// The members that an answer repeats, with the value of those that a request leaves out.
const ECHO: [(&str, &str); 18] = [
    ("background", "false"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

pub(crate) fn request(root: Node<'_>) -> Result<Request, Error> {
    root.require("model")?;
    let mut request = Request::new(Dialect::Responses);
    for (key, value) in members(root)? {
        let path = Path::ROOT.key(key);
        match key {
            "model" => request.model = text(value)?,
            "input" => request.turns = input(value, &path)?,
            "instructions" => {
                request.instructions = Vec::from([Part::new(Content::Text(text(value)?), &path)]);
            }
            "stream" => request.stream = value.flag()?,
            "tools" => {
                request.tools.clear();
                for (index, item) in value.items()?.enumerate() {
                    tools::read(item, &path.index(index), &mut request)?;
                }
            }
            "tool_choice" => request.tool_choice = Some(chat::read_choice(value)?),
            "parallel_tool_calls" => request.parallel_tool_calls = Some(value.flag()?),
            "max_output_tokens" => request.max_tokens = Some(value.whole()?),
            "temperature" => {
                value.number()?;
                request.temperature = Some(Raw::of(value));
            }
            "reasoning" => {
                if let Some(effort) = value.get("effort") {
                    request.reasoning = Some(Reasoning {
                        effort: Some(text(effort)?),
                        ..Reasoning::default()
                    });
                }
                request.extra.extend(rest(value, &path, &["effort"])?);
            }
            "text" => {
                if let Some(format) = value.get("format") {
                    request.format = chat::read_format(format, &path.key("format"), &mut request.extra)?;
                }
                request.extra.extend(rest(value, &path, &["format"])?);
            }
            "stream_options" => request.extra.extend(rest(value, &path, &[])?),
            "user" => request.user = Some(text(value)?),
            "previous_response_id" => request.previous_response_id = Some(text(value)?),
            _ => request.extra.push(Field::new(&Path::ROOT, key, value)),
        }
    }
    request.echo = echo(Some(root));
    Ok(request)
}

fn input(node: Node<'_>, path: &Path<'_>) -> Result<Vec<Turn>, Error> {
    let mut turns = Vec::new();
    if node.as_text().is_some() {
        turns.push(Turn {
            role: Role::User,
            parts: Vec::from([Part::new(Content::Text(text(node)?), path)]),
            path: path.to_string(),
            extra: Vec::new(),
        });
        return Ok(turns);
    }
    for (index, item) in node.items()?.enumerate() {
        items::add(&mut turns, items::read(item, &path.index(index))?);
    }
    Ok(turns)
}

/// Returns the members that an answer repeats of the request `root`, or of one without any, as JSON members.
pub(crate) fn echo(root: Option<Node<'_>>) -> String {
    let members = Raw::written(|writer| {
        writer.object(|object| {
            for (key, default) in ECHO {
                match root.and_then(|root| root.get(key)) {
                    Some(value) => object.member(key, |writer| writer.value(value)),
                    None => object.literal_member(key, default),
                }
            }
        });
    });
    let members = members
        .as_str()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    members.unwrap_or_default().to_string()
}
