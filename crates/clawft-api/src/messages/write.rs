//! Writer of Anthropic requests.

use super::{tools, turns};
use crate::request::{Format, Options, Request, ToolChoice};
use crate::written::Translation;
use crate::{Dialect, Error, Raw, Written};
use alloc::string::ToString as _;
use clawft_types::json::{self, Node, Writer};

/// The smallest budget of tokens for thinking.
const LEAST_BUDGET: u64 = 1024;

/// A decision about thinking, and the limit of tokens that fits it.
struct Limits {
    max_tokens: u64,
    thinking: Option<Thinking>,
}

enum Thinking {
    Disabled,
    Enabled(u64),
    Adaptive,
}

pub(crate) fn request(request: &Request, options: &Options) -> Result<Written, Error> {
    let mut to = Translation::new(request.dialect, Dialect::Messages);
    let mut writer = Writer::with_capacity(request.size())?;
    let limits = limits(request, options, &mut to);
    writer.object(|body| {
        body.text_member("model", options.model.as_deref().unwrap_or(&request.model));
        body.literal_member("max_tokens", &limits.max_tokens.to_string());
        turns::write(request, options, &mut to, body);
        if request.stream {
            body.literal_member("stream", "true");
        }
        if !request.stop.is_empty() {
            body.member("stop_sequences", |writer| {
                writer.array(&request.stop, |writer, text| writer.text(text));
            });
        }
        temperature(request, &limits, &mut to, body);
        tools::write(request, &mut to, body);
        if let Some(thinking) = &limits.thinking {
            body.member("thinking", |writer| {
                writer.object(|object| {
                    thinking.write(object);
                    to.nested(object, &request.extra, "thinking");
                });
            });
        }
        output_config(request, &limits, &mut to, body);
        if let Some(user) = &request.user {
            body.member("metadata", |writer| {
                writer.object(|metadata| {
                    metadata.text_member("user_id", user);
                    to.nested(metadata, &request.extra, "metadata");
                });
            });
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

fn limits(request: &Request, options: &Options, to: &mut Translation) -> Limits {
    let max_tokens = request.max_tokens.unwrap_or(options.max_tokens);
    let plain = Limits {
        max_tokens,
        thinking: None,
    };
    let Some(reasoning) = &request.reasoning else {
        return plain;
    };
    let is_same = to.from == to.to;
    let budget = if is_same {
        reasoning.budget
    } else {
        reasoning.as_budget()
    };
    let thinking = match budget {
        Some(0) => Some(Thinking::Disabled),
        None if reasoning.adaptive => Some(Thinking::Adaptive),
        None => None,
        Some(budget) if is_same => Some(Thinking::Enabled(budget)),
        Some(_) if is_forced(request) => {
            to.warn(
                reasoning_field(to.from),
                "ignored, because Anthropic does not think before a forced call",
            );
            None
        }
        Some(_) if options.adaptive_thinking => Some(Thinking::Adaptive),
        Some(budget) if request.max_tokens.is_none() => {
            return Limits {
                max_tokens: max_tokens.saturating_add(budget),
                thinking: Some(Thinking::Enabled(budget)),
            };
        }
        Some(_) if max_tokens <= LEAST_BUDGET => {
            to.warn(
                reasoning_field(to.from),
                "ignored, because Anthropic thinks with at least 1024 tokens, below the limit of the answer",
            );
            None
        }
        Some(budget) if budget < max_tokens => Some(Thinking::Enabled(budget)),
        Some(_) => Some(Thinking::Enabled((max_tokens / 2).max(LEAST_BUDGET))),
    };
    Limits { thinking, ..plain }
}

fn reasoning_field(from: Dialect) -> &'static str {
    match from {
        Dialect::Chat => "reasoning_effort",
        Dialect::Responses => "reasoning.effort",
        Dialect::Messages => "thinking",
    }
}

fn is_forced(request: &Request) -> bool {
    matches!(
        request.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Tool { .. } | ToolChoice::Allowed { required: true, .. })
    )
}

/// Writes the temperature, which has 1 as its maximum, and is not free while the model thinks.
fn temperature(request: &Request, limits: &Limits, to: &mut Translation, writer: &mut Writer) {
    let Some(temperature) = &request.temperature else {
        return;
    };
    let number = number(temperature);
    let thinks = matches!(limits.thinking, Some(Thinking::Enabled(_) | Thinking::Adaptive));
    if to.from != to.to && thinks {
        if number != 1.0 {
            to.warn(
                "temperature",
                "ignored, because Anthropic takes none for an answer with thinking",
            );
        }
    } else if to.from != to.to && number > 1.0 {
        to.warn("temperature", "lowered to 1, the maximum of Anthropic");
        writer.literal_member("temperature", "1");
    } else {
        writer.literal_member("temperature", temperature.as_str());
    }
}

fn number(raw: &Raw) -> f64 {
    let document = json::parse(raw.as_str().as_bytes());
    let number = document.and_then(|document| Node::root(&document).number());
    number.unwrap_or_default()
}

/// Writes the format and the effort.
fn output_config(request: &Request, limits: &Limits, to: &mut Translation, writer: &mut Writer) {
    let is_same = to.from == to.to;
    let effort = request
        .reasoning
        .as_ref()
        .and_then(|reasoning| reasoning.effort.as_deref());
    let effort = match effort {
        Some("minimal") => Some("low"),
        other => other,
    };
    let effort = effort.filter(|_| is_same || matches!(limits.thinking, Some(Thinking::Adaptive)));
    let field = if to.from == Dialect::Responses {
        "text.format"
    } else {
        "response_format"
    };
    let schema = match &request.format {
        Some(Format::Schema {
            schema, description, ..
        }) => {
            if description.is_some() {
                to.ignore(&[field, ".description"].concat());
            }
            Some(schema)
        }
        Some(Format::Json) => {
            to.ignore(field);
            None
        }
        None => None,
    };
    if effort.is_none() && schema.is_none() {
        return;
    }
    writer.member("output_config", |writer| {
        writer.object(|config| {
            if let Some(effort) = effort {
                config.text_member("effort", effort);
            }
            if let Some(schema) = schema {
                config.member("format", |writer| {
                    writer.object(|format| {
                        format.text_member("type", "json_schema");
                        format.literal_member("schema", schema.as_str());
                    });
                });
            }
            to.nested(config, &request.extra, "output_config");
        });
    });
}

impl Thinking {
    fn write(&self, writer: &mut Writer) {
        match self {
            Thinking::Disabled => writer.text_member("type", "disabled"),
            Thinking::Adaptive => writer.text_member("type", "adaptive"),
            Thinking::Enabled(budget) => {
                writer.text_member("type", "enabled");
                writer.literal_member("budget_tokens", &budget.to_string());
            }
        }
    }
}
