//! Writer of requests.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::Writer;

use super::{tools, turns};
use crate::{
    dialect::Dialect,
    error::Error,
    options::Options,
    raw::Field,
    request::{Format, Part, Reasoning, Request},
    written::{Translation, Written},
};

pub(crate) fn request(request: &Request, options: &Options) -> Result<Written, Error> {
    let mut to = Translation::new(request.dialect, Dialect::Responses);
    let is_same = to.from == to.to;
    let mut writer = Writer::with_capacity(request.size())?;
    let (verbosity, extra): (Vec<Field>, Vec<Field>) = request
        .extra
        .iter()
        .cloned()
        .partition(|field| field.key == "verbosity" && !is_same);
    writer.object(|body| {
        body.text_member("model", options.model.as_deref().unwrap_or(&request.model));
        if !request.instructions.is_empty() {
            instructions(&request.instructions, &mut to, body);
        }
        body.member("input", |writer| turns::write(request, &mut to, writer));
        if request.stream {
            body.literal_member("stream", "true");
        }
        tools::write(request, &mut to, body);
        if let Some(choice) = to.choice(request) {
            tools::write_choice(choice, &mut to, body);
        }
        if let Some(parallel) = request.parallel_tool_calls {
            body.literal_member("parallel_tool_calls", &parallel.to_string());
        }
        if let Some(limit) = request.max_tokens {
            body.literal_member("max_output_tokens", &limit.to_string());
        }
        if let Some(temperature) = &request.temperature {
            body.literal_member("temperature", temperature.as_str());
        }
        if !request.stop.is_empty() {
            to.refuse(if to.from == Dialect::Chat {
                "stop"
            } else {
                "stop_sequences"
            });
        }
        reasoning(request, &mut to, body);
        text(request, &verbosity, &mut to, body);
        if let Some(user) = &request.user {
            body.text_member("user", user);
        }
        if let Some(id) = &request.previous_response_id {
            body.text_member("previous_response_id", id);
        }
        // Chat completions and Anthropic messages store nothing unless they are asked to.
        if !is_same && !extra.iter().any(|field| field.key == "store") {
            body.literal_member("store", "false");
        }
        to.nested_in(body, &extra, "stream_options");
        to.top_level(body, &extra);
    });
    to.finish(writer)
}

fn instructions(parts: &[Part], to: &mut Translation, writer: &mut Writer) {
    let mut texts = Vec::new();
    for part in parts {
        to.discard(&part.extra);
        match part.as_text() {
            Some(text) => texts.push(text),
            None => to.refuse(&part.path),
        }
    }
    writer.text_member("instructions", &texts.join("\n\n"));
}

/// Writes the effort. A client of Anthropic that lets the model think sees the thoughts, so it gets their summary, and
/// the sealed form that it has to give back.
fn reasoning(request: &Request, to: &mut Translation, writer: &mut Writer) {
    let is_same = to.from == to.to;
    let effort = request.reasoning.as_ref().and_then(Reasoning::as_effort);
    let thinks = request.reasoning.is_some() && effort != Some("none");
    let shows = thinks && to.from == Dialect::Messages;
    let is_nested = |field: &Field| is_same && field.path.starts_with("reasoning.");
    if effort.is_some() || shows || request.extra.iter().any(is_nested) {
        writer.member("reasoning", |writer| {
            writer.object(|object| {
                if let Some(effort) = effort {
                    object.text_member("effort", effort);
                }
                if shows {
                    object.text_member("summary", "auto");
                }
                to.nested(object, &request.extra, "reasoning");
            });
        });
    }
    if thinks && !is_same {
        writer.literal_member("include", r#"["reasoning.encrypted_content"]"#);
    }
}

fn text(request: &Request, verbosity: &[Field], to: &mut Translation, writer: &mut Writer) {
    let is_nested = |field: &Field| to.from == to.to && field.path.starts_with("text.");
    if request.format.is_none() && verbosity.is_empty() && !request.extra.iter().any(is_nested) {
        return;
    }
    writer.member("text", |writer| {
        writer.object(|text| {
            if let Some(format) = &request.format {
                text.member("format", |writer| {
                    writer.object(|object| write_format(format, object))
                });
            }
            to.fields(text, verbosity);
            to.nested(text, &request.extra, "text");
        });
    });
}

fn write_format(format: &Format, writer: &mut Writer) {
    match format {
        Format::Json => writer.text_member("type", "json_object"),
        Format::Schema {
            name,
            description,
            schema,
            strict,
        } => {
            writer.text_member("type", "json_schema");
            writer.text_member("name", name.as_deref().unwrap_or("output"));
            if let Some(description) = description {
                writer.text_member("description", description);
            }
            writer.literal_member("schema", schema.as_str());
            if let Some(strict) = strict {
                writer.literal_member("strict", &strict.to_string());
            }
        }
    }
}
