//! Writer of chat completion requests.

use alloc::string::ToString as _;

use clawft_types::json::Writer;

use super::{messages, tools};
use crate::{
    dialect::Dialect,
    error::Error,
    fields::LOGPROBS,
    options::Options,
    request::{Format, Reasoning, Request},
    written::{Translation, Written},
};

pub(crate) fn request(request: &Request, options: &Options) -> Result<Written, Error> {
    let mut to = Translation::new(request.dialect, Dialect::Chat);
    to.wraps_custom = !options.custom_tools;
    let mut writer = Writer::with_capacity(request.size())?;
    writer.object(|body| {
        body.text_member("model", options.model.as_deref().unwrap_or(&request.model));
        body.member("messages", |writer| messages::write(request, &mut to, writer));
        if request.stream {
            body.literal_member("stream", "true");
        }
        stream_options(request, &mut to, body);
        tools::write(&request.tools, &mut to, body);
        if let Some(choice) = to.choice(request) {
            tools::write_choice(choice, &mut to, body);
        }
        if let Some(parallel) = request.parallel_tool_calls.filter(|_| !request.tools.is_empty()) {
            body.literal_member("parallel_tool_calls", &parallel.to_string());
        }
        if let Some(limit) = request.max_tokens {
            let key = if options.old_max_tokens {
                "max_tokens"
            } else {
                "max_completion_tokens"
            };
            body.literal_member(key, &limit.to_string());
        }
        if let Some(temperature) = &request.temperature {
            body.literal_member("temperature", temperature.as_str());
        }
        if !request.stop.is_empty() {
            body.member("stop", |writer| {
                writer.array(&request.stop, |writer, text| writer.text(text));
            });
        }
        if let Some(format) = &request.format {
            body.member("response_format", |writer| write_format(format, writer));
        }
        match request.reasoning.as_ref().and_then(Reasoning::as_effort) {
            None => {}
            // Anthropic's clients say what is the default there, and most models of others reject.
            Some("none") if request.dialect == Dialect::Messages => {
                to.warn("thinking", "left out, because not every model can do without");
            }
            Some(effort) => body.text_member("reasoning_effort", effort),
        }
        if request.dialect == Dialect::Responses && wants_logprobs(request) {
            body.literal_member("logprobs", "true");
            if request.stream {
                to.warn("top_logprobs", "not in a stream, because it is translated");
            }
        }
        if let Some(user) = &request.user {
            body.text_member("user", user);
        }
        if let Some(id) = &request.previous_response_id {
            to.fail(
                "previous_response_id",
                &["there is no response `", id, "`"].concat(),
            );
        }
        to.top_level(body, &request.extra);
    });
    to.finish(writer)
}

/// Returns whether a request of OpenAI Responses asks for log probabilities.
fn wants_logprobs(request: &Request) -> bool {
    request.extra.iter().any(|field| match field.key.as_str() {
        "include" => field.value.as_str().contains(LOGPROBS),
        "top_logprobs" => field.value.as_str() != "0",
        _ => false,
    })
}

/// Asks for the usage of a stream, which the other dialects always have.
fn stream_options(request: &Request, to: &mut Translation, writer: &mut Writer) {
    if request.stream && (request.include_usage || request.dialect != Dialect::Chat) {
        writer.member("stream_options", |writer| {
            writer.object(|options| {
                options.literal_member("include_usage", "true");
                to.nested(options, &request.extra, "stream_options");
            });
        });
    }
}

fn write_format(format: &Format, writer: &mut Writer) {
    writer.object(|outer| match format {
        Format::Json => outer.text_member("type", "json_object"),
        Format::Schema {
            name,
            description,
            schema,
            strict,
        } => {
            outer.text_member("type", "json_schema");
            outer.member("json_schema", |writer| {
                writer.object(|inner| {
                    inner.text_member("name", name.as_deref().unwrap_or("output"));
                    if let Some(description) = description {
                        inner.text_member("description", description);
                    }
                    inner.literal_member("schema", schema.as_str());
                    if let Some(strict) = strict {
                        inner.literal_member("strict", &strict.to_string());
                    }
                });
            });
        }
    });
}
