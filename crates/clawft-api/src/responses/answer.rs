//! Reader and writer of complete responses.

use alloc::string::ToString as _;

use clawft_types::json::{self, Node, Writer};

use super::{
    items,
    output::{self, Item, NO_LOGPROBS},
    read::echo,
};
use crate::{
    answer::{Answer, Finish, Usage},
    context::Context,
    dialect::Dialect,
    error::Error,
    error_body::{ErrorBody, ErrorKind},
    path::Path,
    raw::{Field, Raw},
    read::{members, text},
    request::Content,
    template::{Slot, fill},
    written::Translation,
};

/// Members that repeat the request, or that every answer has.
const REPEATED: &[&str] = &[
    "background",
    "billing",
    "completed_at",
    "content_filters",
    "error",
    "incomplete_details",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "object",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "status",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

pub(crate) fn read_answer(root: Node<'_>) -> Result<Answer, Error> {
    root.require("output")?;
    if let Some(error) = root.get("error") {
        return Err(error.error(error.text_of("message").unwrap_or("the provider failed")));
    }
    let mut answer = Answer::new(Dialect::Responses);
    answer.finish = read_finish(root);
    for (key, value) in members(root)? {
        let path = Path::ROOT.key(key);
        match key {
            "id" => answer.id = text(value)?,
            "model" => answer.model = text(value)?,
            "created_at" => answer.created = value.as_whole(),
            "usage" => answer.usage = Some(Usage::of_openai(value)),
            "output" => {
                for (index, item) in value.items()?.enumerate() {
                    let turn = items::read(item, &path.index(index))?;
                    answer.parts.extend(turn.parts);
                    answer.extra.extend(turn.extra);
                }
            }
            _ if REPEATED.contains(&key) => {}
            _ => answer.extra.push(Field::new(&Path::ROOT, key, value)),
        }
    }
    Ok(answer)
}

/// Returns the finish reason of a response.
pub(super) fn read_finish(root: Node<'_>) -> Finish {
    let details = root
        .get("incomplete_details")
        .and_then(|details| details.text_of("reason"));
    match (root.text_of("status"), details) {
        (Some("incomplete"), Some("content_filter")) => Finish::Filter,
        (Some("incomplete"), Some("max_output_tokens") | None) => Finish::Length,
        (Some("incomplete"), Some(other)) => Finish::Other(other.to_string()),
        _ => Finish::Stop,
    }
}

pub(crate) fn write_answer(answer: &Answer, context: &Context, to: &mut Translation, writer: &mut Writer) {
    writer.object(|body| {
        response(answer, context, Some(to), body);
        to.top_level(body, &answer.extra);
    });
}

/// Returns the reason why an answer is incomplete; `None` if it is complete.
pub(super) fn incomplete(answer: &Answer) -> Option<&'static str> {
    let has_refusal = answer
        .parts
        .iter()
        .any(|part| matches!(part.content, Content::Refusal(_)));
    match answer.finish {
        Finish::Length => Some("max_output_tokens"),
        Finish::Filter if !has_refusal => Some("content_filter"),
        _ => None,
    }
}

/// Writes the members of a complete response.
pub(super) fn response(
    answer: &Answer,
    context: &Context,
    to: Option<&mut Translation>,
    writer: &mut Writer,
) {
    let mut own = Translation::lenient(answer.dialect, Dialect::Responses);
    let to = to.unwrap_or(&mut own);
    let incomplete = incomplete(answer);
    let status = if incomplete.is_some() {
        "incomplete"
    } else {
        "completed"
    };
    head(answer, context, status, writer);
    let details = match incomplete {
        Some(reason) => Raw::written(|writer| fill(writer, r#"{"reason":$}"#, &[Slot::Text(reason)])),
        None => Raw::written(|writer| writer.literal("null")),
    };
    let slots = [Slot::Json(details.as_str())];
    fill(writer, r#""error":null,"incomplete_details":$,"#, &slots);
    for part in &answer.parts {
        to.discard(&part.extra);
    }
    let id = context.id.as_deref().unwrap_or(&answer.id);
    let items = output::items(&answer.parts, to);
    let mut logprobs = logprobs(answer);
    writer.member("output", |writer| {
        writer.array(items.iter().enumerate(), |writer, (index, item)| {
            let own = match item {
                Item::Message(_) => logprobs.take(),
                _ => None,
            };
            let own = own.as_ref().map_or(NO_LOGPROBS, Raw::as_str);
            writer.object(|object| item.write(&item.id(id, index), "completed", own, object));
        });
    });
    writer.member("usage", |writer| match &answer.usage {
        Some(usage) => usage.write_openai(Dialect::Responses, writer),
        None => writer.literal("null"),
    });
}

/// Returns the log probabilities of a chat completion's text, which have the same form here.
fn logprobs(answer: &Answer) -> Option<Raw> {
    let field = answer.extra.iter().find(|field| field.key == "logprobs")?;
    let document = json::parse(field.value.as_str().as_bytes()).ok()?;
    Node::root(&document).get("content").map(Raw::of)
}

/// Writes the members of a response that are known from its beginning, with a comma after the last.
pub(super) fn head(answer: &Answer, context: &Context, status: &str, writer: &mut Writer) {
    let echo = match context.echo.as_str() {
        "" => echo(None),
        echo => echo.to_string(),
    };
    let slots = [
        Slot::Text(context.id.as_deref().unwrap_or(&answer.id)),
        Slot::Number(answer.created.unwrap_or(context.created)),
        Slot::Text(status),
        Slot::Text(context.model.as_deref().unwrap_or(&answer.model)),
        Slot::Json(&echo),
        Slot::Json(if context.is_kept { "true" } else { "false" }),
    ];
    let template = r#""id":$,"object":"response","created_at":$,"status":$,"model":$,$,"store":$,"#;
    fill(writer, template, &slots);
}

/// Writes the member `error` of a failed response.
pub(super) fn error(error: &ErrorBody, writer: &mut Writer) {
    let code = match error.kind {
        ErrorKind::RateLimit => "rate_limit_exceeded",
        ErrorKind::InvalidRequest => "invalid_prompt",
        _ => "server_error",
    };
    let slots = [
        Slot::Text(error.code.as_deref().unwrap_or(code)),
        Slot::Text(&error.message),
    ];
    fill(writer, r#""error":{"code":$,"message":$}"#, &slots);
}
