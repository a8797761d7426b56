//! Tools and choices among them, as OpenAI Responses have them.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::{Node, Writer};

use crate::{
    chat,
    error::Error,
    path::Path,
    read::{rest, text},
    request::{Request, Tool, ToolChoice, ToolInput},
    written::Translation,
};

/// The schema of a tool that takes nothing.
const EMPTY: &str = r#"{"type":"object","properties":{}}"#;

/// Reads a tool, or the tools of a namespace.
pub(super) fn read(node: Node<'_>, path: &Path<'_>, request: &mut Request) -> Result<(), Error> {
    if node.text_of("type") != Some("namespace") {
        request.tools.push(chat::read_tool(node, path)?);
        return Ok(());
    }
    let namespace = text(node.require("name")?)?;
    let tools = path.key("tools");
    for (index, item) in node.require("tools")?.items()?.enumerate() {
        let tool = chat::read_tool(item, &tools.index(index))?;
        request.tools.push(Tool {
            namespace: Some(namespace.clone()),
            ..tool
        });
    }
    request
        .extra
        .extend(rest(node, path, &["type", "name", "tools"])?);
    Ok(())
}

/// Writes the tools. Tools of a namespace that follow each other become its object again.
pub(super) fn write(request: &Request, to: &mut Translation, writer: &mut Writer) {
    let is_hosted = |tool: &&Tool| matches!(tool.input, ToolInput::Hosted(_));
    if to.from != to.to {
        request
            .tools
            .iter()
            .filter(is_hosted)
            .for_each(|tool| to.ignore(&tool.path));
    }
    let is_same = to.from == to.to;
    let tools: Vec<&Tool> = request
        .tools
        .iter()
        .filter(|tool| is_same || !is_hosted(tool))
        .collect();
    if tools.is_empty() {
        return;
    }
    writer.member("tools", |writer| {
        let groups = tools.chunk_by(|a, b| a.namespace.is_some() && a.namespace == b.namespace);
        writer.array(groups, |writer, group| match group {
            [
                Tool {
                    namespace: Some(namespace),
                    path,
                    ..
                },
                ..,
            ] => writer.object(|object| {
                object.text_member("type", "namespace");
                object.text_member("name", namespace);
                let parent = path.rsplit_once(".tools.").map_or("", |(parent, _)| parent);
                to.nested(object, &request.extra, parent);
                object.member("tools", |writer| {
                    writer.array(group, |writer, tool| write_tool(tool, to, writer));
                });
            }),
            [tool, ..] => write_tool(tool, to, writer),
            [] => {}
        });
    });
}

fn write_tool(tool: &Tool, to: &mut Translation, writer: &mut Writer) {
    let kind = match &tool.input {
        ToolInput::Hosted(raw) => return writer.literal(raw.as_str()),
        ToolInput::Function { .. } => "function",
        ToolInput::Custom { .. } => "custom",
    };
    writer.object(|object| {
        object.text_member("type", kind);
        object.text_member("name", &tool.name);
        if let Some(description) = &tool.description {
            object.text_member("description", description);
        }
        match &tool.input {
            ToolInput::Function { schema, strict } => {
                let is_same = to.from == to.to;
                match schema {
                    Some(schema) => object.literal_member("parameters", schema.as_str()),
                    None if is_same => {}
                    None => object.literal_member("parameters", EMPTY),
                }
                // Here a schema is strict unless the request says otherwise; elsewhere it is not.
                match strict {
                    Some(strict) => object.literal_member("strict", &strict.to_string()),
                    None if is_same => {}
                    None => object.literal_member("strict", "false"),
                }
            }
            ToolInput::Custom { format: Some(format) } => object.literal_member("format", format.as_str()),
            _ => {}
        }
        to.fields(object, &tool.extra);
    });
}

pub(super) fn write_choice(choice: &ToolChoice, to: &mut Translation, writer: &mut Writer) {
    writer.member("tool_choice", |writer| match choice {
        ToolChoice::Auto => writer.text("auto"),
        ToolChoice::None => writer.text("none"),
        ToolChoice::Required => writer.text("required"),
        ToolChoice::Tool { name, is_custom } => writer.object(|object| {
            object.text_member("type", if *is_custom { "custom" } else { "function" });
            object.text_member("name", name);
        }),
        ToolChoice::Allowed { names, required } => writer.object(|object| {
            object.text_member("type", "allowed_tools");
            object.text_member("mode", if *required { "required" } else { "auto" });
            object.member("tools", |writer| {
                writer.array(names, |writer, name| {
                    writer.object(|tool| {
                        tool.text_member("type", "function");
                        tool.text_member("name", name);
                    });
                });
            });
        }),
        ToolChoice::Other(raw) if to.from == to.to => writer.literal(raw.as_str()),
        ToolChoice::Other(_) => to.refuse("tool_choice"),
    });
}
