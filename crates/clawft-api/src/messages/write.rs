//! Writer of Anthropic requests.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::{self, Node, Writer};

use super::{schema, tools, turns};
use crate::{
    dialect::Dialect,
    error::Error,
    options::Options,
    raw::{Field, Raw},
    request::{Content, Format, Part, Reasoning, Request, Role, ToolChoice},
    written::{Translation, Written},
};

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
    let reasoning = request.reasoning.clone().or_else(|| own_thinking(request));
    let limits = limits(request, reasoning.as_ref(), options, &mut to);
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
        temperature(request, &limits, options, &mut to, body);
        tools::write(request, &mut to, body);
        if let Some(thinking) = &limits.thinking {
            body.member("thinking", |writer| {
                writer.object(|object| {
                    thinking.write(object);
                    if to.from != to.to && matches!(thinking, Thinking::Adaptive) {
                        // Newer models leave the text out unless they are asked for it.
                        object.text_member("display", "summarized");
                    }
                    to.nested(object, &request.extra, "thinking");
                });
            });
        }
        output_config(request, reasoning.as_ref(), &limits, &mut to, body);
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
        if to.from == to.to {
            return to.top_level(body, &request.extra);
        }
        let mut rest = Vec::new();
        for field in &request.extra {
            match sampling_fault(field, request, &limits, options) {
                Some(reason) => to.warn(&field.path, reason),
                None => rest.push(field.clone()),
            }
        }
        to.top_level(body, &rest);
    });
    to.finish(writer)
}

/// The reason why a member that tunes the choice of words is ignored.
const NO_SAMPLING: &str = "ignored, because the model takes none";

/// Returns the reason why a member that tunes the choice of words cannot be sent; `None` for any other.
fn sampling_fault(
    field: &Field,
    request: &Request,
    limits: &Limits,
    options: &Options,
) -> Option<&'static str> {
    let is_top_p = field.path == "top_p";
    if !is_top_p && field.path != "top_k" {
        return None;
    }
    if !options.sampling {
        return Some(NO_SAMPLING);
    }
    let has_temperature = || request.temperature.as_ref().is_some_and(|raw| number(raw) != 1.0);
    if is_top_p && limits.thinks() {
        let is_free = (0.95..=1.0).contains(&number(&field.value));
        return (!is_free)
            .then_some("ignored, because Anthropic takes only 0.95 to 1 for an answer with thinking");
    }
    (is_top_p && options.single_sampling && has_temperature())
        .then_some("ignored, because the model takes either this or the temperature")
}

impl Limits {
    /// Returns whether the model thinks.
    fn thinks(&self) -> bool {
        matches!(self.thinking, Some(Thinking::Enabled(_) | Thinking::Adaptive))
    }
}

/// Returns whether the last call of a tool came without the model's signed thoughts before it, which Anthropic needs to
/// let the model think on with a budget. Clients of OpenAI's dialects do not give them back.
fn lacks_thought(request: &Request) -> bool {
    let last = request.turns.iter().rfind(|turn| turn.role == Role::Assistant);
    last.is_some_and(|turn| {
        let mut parts = turn.parts.iter();
        let is_sealed =
            |part: &Part| matches!(&part.content, Content::Reasoning(thought) if thought.is_sealed());
        let calls = |part: &Part| matches!(part.content, Content::Call(_));
        turn.parts.iter().any(calls) && !parts.any(is_sealed)
    })
}

fn limits(
    request: &Request,
    reasoning: Option<&Reasoning>,
    options: &Options,
    to: &mut Translation,
) -> Limits {
    let max_tokens = request.max_tokens.unwrap_or(options.max_tokens);
    let plain = Limits {
        max_tokens,
        thinking: None,
    };
    let Some(reasoning) = reasoning else {
        return plain;
    };
    let is_same = to.from == to.to;
    let budget = if is_same {
        reasoning.budget
    } else {
        reasoning.as_budget()
    };
    let thinking = match budget {
        Some(0) if options.always_thinks && !is_same => {
            to.warn(
                reasoning_field(to.from),
                "ignored, because the model always thinks",
            );
            None
        }
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
        Some(_) if lacks_thought(request) => {
            to.warn(
                reasoning_field(to.from),
                "ignored, because the last call of a tool comes without the model's thinking",
            );
            None
        }
        Some(budget) if request.max_tokens.is_none() && !options.is_maximum => {
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

/// Returns the member `thinking`, which clients add to chat completions for Anthropic's models.
fn own_thinking(request: &Request) -> Option<Reasoning> {
    let mut fields = request.extra.iter();
    let field = fields.find(|field| field.path == "thinking" && request.dialect != Dialect::Messages)?;
    let document = json::parse(field.value.as_str().as_bytes()).ok()?;
    let node = Node::root(&document);
    Some(Reasoning {
        budget: match node.text_of("type")? {
            "enabled" => node.whole_of("budget_tokens"),
            "disabled" => Some(0),
            _ => None,
        },
        adaptive: node.text_of("type") == Some("adaptive"),
        effort: None,
    })
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

/// Writes the temperature, which has 1 as its maximum, and is not free while the model thinks. Newer models take none.
fn temperature(
    request: &Request,
    limits: &Limits,
    options: &Options,
    to: &mut Translation,
    writer: &mut Writer,
) {
    let Some(temperature) = &request.temperature else {
        return;
    };
    let number = number(temperature);
    let thinks = limits.thinks();
    let has_top_p = request.extra.iter().any(|field| field.path == "top_p");
    if to.from != to.to && options.single_sampling && has_top_p && number == 1.0 {
        // The model takes one of the two, and this is the usual value.
        return;
    }
    if to.from != to.to && !options.sampling {
        if number != 1.0 {
            to.warn("temperature", NO_SAMPLING);
        }
    } else if to.from != to.to && thinks {
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
fn output_config(
    request: &Request,
    reasoning: Option<&Reasoning>,
    limits: &Limits,
    to: &mut Translation,
    writer: &mut Writer,
) {
    let is_same = to.from == to.to;
    let effort = reasoning.and_then(|reasoning| match is_same {
        true => reasoning.effort.as_deref(),
        false => reasoning.as_effort(),
    });
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
            let (schema, has_constraints) = match is_same {
                true => (schema.clone(), false),
                false => schema::adapted(schema),
            };
            if has_constraints {
                to.warn(
                    field,
                    "constraints such as `minimum` are left out, because Anthropic refuses them",
                );
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
            if let Some(schema) = &schema {
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
