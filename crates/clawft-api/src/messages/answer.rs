//! Reader and writer of Anthropic's answers.

use alloc::{string::ToString as _, vec::Vec};

use clawft_types::json::{Node, Writer};

use super::blocks;
use crate::{
    answer::{Answer, Finish, Usage},
    context::Context,
    dialect::Dialect,
    error::Error,
    path::Path,
    raw::Field,
    read::{list, members, text},
    request::{Content, Part},
    template::{Slot, fill},
    written::Translation,
};

pub(crate) fn read_answer(root: Node<'_>) -> Result<Answer, Error> {
    root.require("content")?;
    let mut answer = Answer::new(Dialect::Messages);
    for (key, value) in members(root)? {
        let path = Path::ROOT.key(key);
        match key {
            "type" | "role" | "stop_sequence" => {}
            "id" => answer.id = text(value)?,
            "model" => answer.model = text(value)?,
            "usage" => answer.usage = Some(read_usage(value)),
            "stop_reason" => answer.finish = read_finish(value.text()?, root.text_of("stop_sequence")),
            "content" => answer.parts = list(value, &path, blocks::read)?,
            _ => answer.extra.push(Field::new(&Path::ROOT, key, value)),
        }
    }
    Ok(answer)
}

pub(crate) fn read_finish(reason: &str, sequence: Option<&str>) -> Finish {
    match reason {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(sequence.unwrap_or_default().to_string()),
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Filter,
        "pause_turn" => Finish::Pause,
        _ => Finish::Other(reason.to_string()),
    }
}

/// Reads the usage: here the tokens of the request do not include those in a cache.
pub(crate) fn read_usage(node: Node<'_>) -> Usage {
    let count = |key| node.whole_of(key).unwrap_or_default();
    let cached = count("cache_read_input_tokens");
    let cache_written = count("cache_creation_input_tokens");
    let details = node.get("output_tokens_details");
    Usage {
        input: count("input_tokens")
            .saturating_add(cached)
            .saturating_add(cache_written),
        output: count("output_tokens"),
        cached,
        cache_written,
        reasoning: details
            .and_then(|node| node.whole_of("thinking_tokens"))
            .unwrap_or_default(),
    }
}

pub(crate) fn write_usage(usage: &Usage, writer: &mut Writer) {
    let uncached = usage
        .input
        .saturating_sub(usage.cached)
        .saturating_sub(usage.cache_written);
    let template = concat!(
        r#"{"input_tokens":$,"cache_creation_input_tokens":$,"#,
        r#""cache_read_input_tokens":$,"output_tokens":$"#,
    );
    let slots = [uncached, usage.cache_written, usage.cached, usage.output].map(Slot::Number);
    fill(writer, template, &slots);
    if usage.reasoning > 0 {
        let slots = [Slot::Number(usage.reasoning)];
        fill(
            writer,
            r#","output_tokens_details":{"thinking_tokens":$}"#,
            &slots,
        );
    }
    fill(writer, "}", &[]);
}

/// Writes the members `stop_reason` and `stop_sequence`.
pub(crate) fn write_finish(answer: &Answer, writer: &mut Writer) {
    let refuses = answer
        .parts
        .iter()
        .any(|part| matches!(part.content, Content::Refusal(_)));
    let finish = answer.effective_finish();
    let reason = match finish {
        Finish::Stop if refuses => "refusal",
        Finish::Stop | Finish::Other(_) => "end_turn",
        Finish::StopSequence(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::Filter => "refusal",
        Finish::Pause => "pause_turn",
    };
    let sequence = match finish {
        Finish::StopSequence(sequence) => Some(sequence.as_str()),
        _ => None,
    };
    let slots = [Slot::Text(reason), Slot::Maybe(sequence)];
    fill(writer, r#""stop_reason":$,"stop_sequence":$"#, &slots);
}

pub(crate) fn write_answer(answer: &Answer, context: &Context, to: &mut Translation, writer: &mut Writer) {
    let slots = [
        Slot::Text(context.id.as_deref().unwrap_or(&answer.id)),
        Slot::Text(context.model.as_deref().unwrap_or(&answer.model)),
    ];
    writer.object(|body| {
        fill(
            body,
            r#""id":$,"type":"message","role":"assistant","model":$,"#,
            &slots,
        );
        body.member("content", |writer| {
            let parts: Vec<&Part> = answer.parts.iter().filter(|part| keeps(part, to)).collect();
            writer.array(parts, |writer, part| blocks::write(part, to, writer));
        });
        write_finish(answer, body);
        fill(body, r#","usage":"#, &[]);
        write_usage(&answer.usage.unwrap_or_default(), body);
        fill(body, ",", &[]);
        to.top_level(body, &answer.extra);
    });
}

/// Returns whether a part has a counterpart among blocks; warns if it has none.
fn keeps(part: &Part, to: &mut Translation) -> bool {
    let has_counterpart = to.from == to.to
        || !matches!(
            part.content,
            Content::Other(_) | Content::Trace(_) | Content::Audio { .. }
        );
    if !has_counterpart {
        to.refuse(&part.path);
    }
    has_counterpart
}
