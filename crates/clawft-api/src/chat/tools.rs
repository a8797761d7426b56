//! Tools, choices among them and calls of them, as chat completions have them.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::json::{Node, Writer};

use crate::{
    custom,
    error::Error,
    path::Path,
    raw::Raw,
    read::{inner, json_text_of, list, rest, text, text_of},
    request::{Call, Content, Part, Tool, ToolChoice, ToolInput},
    written::Translation,
};

/// Reads a tool, with or without an object around its members.
pub(crate) fn read(node: Node<'_>, path: &Path<'_>) -> Result<Tool, Error> {
    let kind = node.require("type")?.text()?;
    let mut tool = Tool {
        name: kind.to_string(),
        namespace: None,
        description: None,
        input: ToolInput::Hosted(Raw::of(node)),
        path: path.to_string(),
        extra: Vec::new(),
    };
    if !matches!(kind, "function" | "custom") {
        return Ok(tool);
    }
    let members = inner(node, kind);
    tool.name = text(members.require("name")?)?;
    tool.description = members.get("description").map(text).transpose()?;
    let (schema, strict) = if kind == "function" {
        tool.input = ToolInput::Function {
            schema: members.get("parameters").map(Raw::of),
            strict: members.get("strict").map(Node::flag).transpose()?,
        };
        ("parameters", "strict")
    } else {
        tool.input = ToolInput::Custom {
            format: members.get("format").map(Raw::of_format),
        };
        ("format", "format")
    };
    let known = ["type", kind, "name", "description", schema, strict];
    tool.extra = rest(node, path, &known)?;
    if node.get(kind).is_some() {
        tool.extra.extend(rest(members, &path.key(kind), &known)?);
    }
    Ok(tool)
}

/// Reads a choice among the tools, with or without an object around its members.
pub(crate) fn read_choice(node: Node<'_>) -> Result<ToolChoice, Error> {
    if let Some(name) = node.as_text() {
        return match name {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(node.error("unknown choice")),
        };
    }
    let kind = node.require("type")?.text()?;
    let members = inner(node, kind);
    match kind {
        "function" | "custom" => Ok(ToolChoice::Tool {
            name: text(members.require("name")?)?,
            is_custom: kind == "custom",
        }),
        "allowed_tools" => Ok(ToolChoice::Allowed {
            names: list(members.require("tools")?, &Path::ROOT, |tool, _| {
                let tool = inner(inner(tool, "function"), "custom");
                text(tool.get("name").or(tool.get("type")).unwrap_or(tool))
            })?,
            required: members.text_of("mode") == Some("required"),
        }),
        _ => Ok(ToolChoice::Other(Raw::of(node))),
    }
}

pub(super) fn read_call(node: Node<'_>, path: &Path<'_>) -> Result<Part, Error> {
    let is_custom = node.text_of("type") == Some("custom");
    let inner = node.require(if is_custom { "custom" } else { "function" })?;
    let input = if is_custom { "input" } else { "arguments" };
    let call = Call {
        id: text_of(node, "id")?,
        name: text(inner.require("name")?)?,
        namespace: None,
        input: match is_custom {
            true => text_of(inner, input)?,
            false => json_text_of(inner, input)?,
        },
        is_custom,
    };
    Ok(Part {
        extra: rest(node, path, &["id", "type", "function", "custom"])?,
        ..Part::new(Content::Call(call), path)
    })
}

pub(super) fn write(tools: &[Tool], to: &mut Translation, writer: &mut Writer) {
    let mut array = Vec::new();
    for tool in tools {
        match &tool.input {
            ToolInput::Hosted(_) if to.from != to.to => to.ignore(&tool.path),
            _ => array.push(tool),
        }
    }
    if array.is_empty() {
        return;
    }
    writer.member("tools", |writer| {
        writer.array(array, |writer, tool| write_tool(tool, to, writer));
    });
}

fn write_tool(tool: &Tool, to: &mut Translation, writer: &mut Writer) {
    let kind = match &tool.input {
        ToolInput::Hosted(raw) => return writer.literal(raw.as_str()),
        ToolInput::Function { .. } => "function",
        ToolInput::Custom { .. } if to.wraps_custom => "function",
        ToolInput::Custom { .. } => "custom",
    };
    writer.object(|outer| {
        outer.text_member("type", kind);
        outer.member(kind, |writer| {
            writer.object(|inner| {
                inner.text_member("name", &tool.flat_name());
                let mut description = tool.description.clone().unwrap_or_default();
                if let ToolInput::Custom { format } = &tool.input
                    && to.wraps_custom
                {
                    description.push_str(&custom::format_note(format.as_ref()));
                    inner.literal_member("parameters", custom::SCHEMA);
                }
                if !description.is_empty() {
                    inner.text_member("description", &description);
                }
                match &tool.input {
                    ToolInput::Function { schema, strict } => {
                        if let Some(schema) = schema {
                            inner.literal_member("parameters", schema.as_str());
                        }
                        if let Some(strict) = strict {
                            inner.literal_member("strict", &strict.to_string());
                        }
                    }
                    ToolInput::Custom { format: Some(format) } if !to.wraps_custom => {
                        write_format(format, inner)
                    }
                    _ => {}
                }
                to.fields(inner, &tool.extra);
            });
        });
    });
}

/// Writes the format of a custom tool with an object around the grammar.
fn write_format(format: &Raw, writer: &mut Writer) {
    let is_grammar = format.as_str().starts_with(r#"{"type":"grammar","#);
    writer.member("format", |writer| {
        if !is_grammar {
            return writer.literal(format.as_str());
        }
        writer.object(|outer| {
            outer.text_member("type", "grammar");
            let grammar = format.as_str().replacen(r#""type":"grammar","#, "", 1);
            outer.literal_member("grammar", &grammar);
        });
    });
}

pub(super) fn write_choice(choice: &ToolChoice, to: &mut Translation, writer: &mut Writer) {
    writer.member("tool_choice", |writer| match choice {
        ToolChoice::Auto => writer.text("auto"),
        ToolChoice::None => writer.text("none"),
        ToolChoice::Required => writer.text("required"),
        ToolChoice::Tool { name, is_custom } => {
            let kind = if *is_custom && !to.wraps_custom {
                "custom"
            } else {
                "function"
            };
            writer.object(|outer| write_named(kind, name, outer));
        }
        ToolChoice::Allowed { names, required } => writer.object(|outer| {
            outer.text_member("type", "allowed_tools");
            outer.member("allowed_tools", |writer| {
                writer.object(|inner| {
                    inner.text_member("mode", if *required { "required" } else { "auto" });
                    inner.member("tools", |writer| {
                        writer.array(names, |writer, name| {
                            writer.object(|tool| write_named("function", name, tool));
                        });
                    });
                });
            });
        }),
        ToolChoice::Other(raw) if to.from == to.to => writer.literal(raw.as_str()),
        ToolChoice::Other(_) => to.refuse("tool_choice"),
    });
}

fn write_named(kind: &str, name: &str, writer: &mut Writer) {
    writer.text_member("type", kind);
    writer.member(kind, |writer| {
        writer.object(|inner| inner.text_member("name", name))
    });
}

/// Writes the calls of an assistant's message. `wraps_custom` turns those of custom tools into those of functions.
pub(crate) fn write_calls<'a>(
    calls: impl Iterator<Item = &'a Call>,
    wraps_custom: bool,
    writer: &mut Writer,
) {
    writer.member("tool_calls", |writer| {
        writer.array(calls, |writer, call| {
            let wraps = call.is_custom && wraps_custom;
            let (kind, input) = if call.is_custom && !wraps {
                ("custom", "input")
            } else {
                ("function", "arguments")
            };
            writer.object(|outer| {
                outer.text_member("id", &call.id);
                outer.text_member("type", kind);
                outer.member(kind, |writer| {
                    writer.object(|inner| {
                        inner.text_member("name", &call.flat_name());
                        if wraps {
                            inner.text_member(input, custom::wrapped(&call.input).as_str());
                        } else {
                            inner.text_member(input, &call.input);
                        }
                    });
                });
            });
        });
    });
}

/// Returns the name of a tool for dialects without namespaces.
fn flat_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) if namespace.ends_with("__") => [namespace, name].concat(),
        Some(namespace) => [namespace, "__", name].concat(),
        None => name.to_string(),
    }
}

impl Tool {
    /// Returns the name for dialects without namespaces.
    pub fn flat_name(&self) -> String {
        flat_name(self.namespace.as_deref(), &self.name)
    }
}

impl Call {
    /// Returns the tool's name for dialects without namespaces.
    pub fn flat_name(&self) -> String {
        flat_name(self.namespace.as_deref(), &self.name)
    }
}
