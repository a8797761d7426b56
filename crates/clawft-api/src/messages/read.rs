//! Reader of Anthropic requests.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::Node;

use super::{blocks, tools};
use crate::{
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::{Field, Raw},
    read::{list, members, parts, rest, text, texts},
    request::{Content, Format, Reasoning, Request, Role, Turn},
};

pub(crate) fn request(root: Node<'_>) -> Result<Request, Error> {
    root.require("model")?;
    root.require("messages")?;
    let mut request = Request::new(Dialect::Messages);
    for (key, value) in members(root)? {
        let path = Path::ROOT.key(key);
        match key {
            "model" => request.model = text(value)?,
            "messages" => {
                request.turns.clear();
                for (index, item) in value.items()?.enumerate() {
                    read_turns(item, &path.index(index), &mut request.turns)?;
                }
            }
            "system" => request.instructions = parts(value, &path, blocks::read)?,
            "max_tokens" => request.max_tokens = Some(value.whole()?),
            "stream" => request.stream = value.flag()?,
            "stop_sequences" => request.stop = texts(value)?,
            "temperature" => {
                value.number()?;
                request.temperature = Some(Raw::of(value));
            }
            "tools" => request.tools = list(value, &path, tools::read)?,
            "tool_choice" => {
                request.tool_choice = Some(tools::read_choice(value)?);
                let single = value.get("disable_parallel_tool_use");
                request.parallel_tool_calls = single.map(|flag| Ok::<_, Error>(!flag.flag()?)).transpose()?;
            }
            "thinking" => thinking(value, &path, &mut request)?,
            "output_config" => {
                if let Some(effort) = value.get("effort") {
                    let effort = Some(text(effort)?);
                    request.reasoning.get_or_insert_default().effort = effort;
                }
                if let Some(format) = value.get("format") {
                    request.format = Some(read_format(format)?);
                }
                request.extra.extend(rest(value, &path, &["effort", "format"])?);
            }
            "output_format" => request.format = Some(read_format(value)?),
            "metadata" => {
                request.user = value.get("user_id").map(text).transpose()?;
                request.extra.extend(rest(value, &path, &["user_id"])?);
            }
            _ => request.extra.push(Field::new(&Path::ROOT, key, value)),
        }
    }
    Ok(request)
}

fn thinking(node: Node<'_>, path: &Path<'_>, request: &mut Request) -> Result<(), Error> {
    let reasoning: &mut Reasoning = request.reasoning.get_or_insert_default();
    let kind = node.require("type")?;
    match kind.text()? {
        "enabled" => reasoning.budget = Some(node.require("budget_tokens")?.whole()?),
        "disabled" => reasoning.budget = Some(0),
        // The model decides when, or thinks only between calls.
        "adaptive" | "between_tools" => reasoning.adaptive = true,
        _ => return Err(kind.error("unknown kind of thinking")),
    }
    request
        .extra
        .extend(rest(node, path, &["type", "budget_tokens"])?);
    Ok(())
}

fn read_format(node: Node<'_>) -> Result<Format, Error> {
    let kind = node.require("type")?;
    if kind.text()? != "json_schema" {
        return Err(kind.error("unknown format"));
    }
    Ok(Format::Schema {
        name: None,
        description: None,
        schema: Raw::of(node.require("schema")?),
        strict: Some(true),
    })
}

/// Reads a message as turns: a message of the user with results of tools is one of the tools and one of the user.
fn read_turns(node: Node<'_>, path: &Path<'_>, turns: &mut Vec<Turn>) -> Result<(), Error> {
    let role = node.require("role")?;
    let author = match role.text()? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(role.error("unknown role")),
    };
    let turn = |role: Role| Turn {
        role,
        parts: Vec::new(),
        path: path.to_string(),
        extra: Vec::new(),
    };
    let content = parts(node.require("content")?, &path.key("content"), blocks::read)?;
    let mut extra = rest(node, path, &["role", "content"])?;
    let mut current = turn(author);
    for part in content {
        let is_result = matches!(part.content, Content::Result { .. });
        let role = if is_result { Role::Tool } else { author };
        if role != current.role {
            if !current.parts.is_empty() {
                turns.push(current);
            }
            current = turn(role);
        }
        current.parts.push(part);
    }
    current.extra.append(&mut extra);
    turns.push(current);
    Ok(())
}
