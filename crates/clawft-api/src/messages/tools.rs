//! Tools and choices among them, as Anthropic messages have them.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::{Node, Writer};

use crate::{
    custom,
    error::Error,
    path::Path,
    raw::Raw,
    read::{rest, text},
    request::{Request, Tool, ToolChoice, ToolInput},
    written::Translation,
};

/// The schema of a tool that takes nothing.
const EMPTY: &str = r#"{"type":"object","properties":{}}"#;

pub(super) fn read(node: Node<'_>, path: &Path<'_>) -> Result<Tool, Error> {
    let kind = node.text_of("type").unwrap_or("custom");
    let mut tool = Tool {
        name: kind.to_string(),
        namespace: None,
        description: None,
        input: ToolInput::Hosted(Raw::of(node)),
        path: path.to_string(),
        extra: Vec::new(),
    };
    if kind == "custom" {
        tool.name = text(node.require("name")?)?;
        tool.description = node.get("description").map(text).transpose()?;
        tool.input = ToolInput::Function {
            schema: Some(Raw::of(node.require("input_schema")?)),
            strict: node.get("strict").map(Node::flag).transpose()?,
        };
        tool.extra = rest(
            node,
            path,
            &["type", "name", "description", "input_schema", "strict"],
        )?;
    }
    Ok(tool)
}

pub(super) fn read_choice(node: Node<'_>) -> Result<ToolChoice, Error> {
    let kind = node.require("type")?;
    match kind.text()? {
        "auto" => Ok(ToolChoice::Auto),
        "any" => Ok(ToolChoice::Required),
        "none" => Ok(ToolChoice::None),
        "tool" => Ok(ToolChoice::Tool {
            name: text(node.require("name")?)?,
            is_custom: false,
        }),
        _ => Err(kind.error("unknown choice")),
    }
}

/// Writes the tools and the choice among them.
pub(super) fn write(request: &Request, to: &mut Translation, writer: &mut Writer) {
    let choice = to.choice(request);
    let mut tools = Vec::new();
    for tool in &request.tools {
        let is_allowed = match &request.tool_choice {
            Some(ToolChoice::Allowed { names, .. }) => names.contains(&tool.name),
            _ => true,
        };
        match &tool.input {
            _ if !is_allowed => {}
            ToolInput::Hosted(_) if to.from != to.to => to.ignore(&tool.path),
            _ => tools.push(tool),
        }
    }
    if tools.is_empty() {
        return;
    }
    writer.member("tools", |writer| {
        writer.array(tools, |writer, tool| write_tool(tool, to, writer));
    });
    let choice = match (choice, request.parallel_tool_calls) {
        (Some(choice), _) => choice,
        (None, Some(false)) => &ToolChoice::Auto,
        (None, _) => return,
    };
    write_choice(choice, request.parallel_tool_calls, to, writer);
}

fn write_tool(tool: &Tool, to: &mut Translation, writer: &mut Writer) {
    if let ToolInput::Hosted(raw) = &tool.input {
        return writer.literal(raw.as_str());
    }
    writer.object(|object| {
        object.text_member("name", &tool.flat_name());
        let mut description = tool.description.clone().unwrap_or_default();
        match &tool.input {
            ToolInput::Function { schema, strict } => {
                let schema = schema.as_ref().map(Raw::as_str).filter(|schema| *schema != "{}");
                object.literal_member("input_schema", schema.unwrap_or(EMPTY));
                if *strict == Some(true) {
                    object.literal_member("strict", "true");
                }
            }
            ToolInput::Custom { format } => {
                object.literal_member("input_schema", custom::SCHEMA);
                description.push_str(&custom::format_note(format.as_ref()));
            }
            ToolInput::Hosted(_) => {}
        }
        if !description.is_empty() {
            object.text_member("description", &description);
        }
        to.fields(object, &tool.extra);
    });
}

fn write_choice(choice: &ToolChoice, parallel: Option<bool>, to: &mut Translation, writer: &mut Writer) {
    let (kind, name) = match choice {
        ToolChoice::Auto | ToolChoice::Allowed { required: false, .. } => ("auto", None),
        ToolChoice::Required | ToolChoice::Allowed { required: true, .. } => ("any", None),
        ToolChoice::None => ("none", None),
        ToolChoice::Tool { name, .. } => ("tool", Some(name)),
        ToolChoice::Other(_) => return to.refuse("tool_choice"),
    };
    writer.member("tool_choice", |writer| {
        writer.object(|object| {
            object.text_member("type", kind);
            if let Some(name) = name {
                object.text_member("name", name);
            }
            if parallel == Some(false) && kind != "none" {
                object.literal_member("disable_parallel_tool_use", "true");
            }
        });
    });
}
