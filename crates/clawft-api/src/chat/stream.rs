//! Writer of streamed chat completions.

use clawft_types::json::Writer;

use super::answer::finish_name;
use crate::{
    answer::Answer,
    context::Context,
    dialect::Dialect,
    event::Event,
    raw::Raw,
    request::{Call, Content},
    template::{Slot, fill},
};

/// The state of a writer.
#[derive(Debug, Default)]
pub(crate) struct StreamWriter {
    /// The number of calls so far.
    calls: usize,
    /// The number of parts with reasoning so far.
    thoughts: usize,
}

impl StreamWriter {
    /// Writes an event. `answer` is the answer so far, with the event.
    pub(crate) fn write(&mut self, event: &Event, answer: &Answer, context: &Context, out: &mut Writer) {
        let part = answer.parts.last().map(|part| &part.content);
        let mut send =
            |template: &str, slots: &[Slot<'_>]| chunk(out, answer, context, template, slots, None);
        match (event, part) {
            (Event::Start { .. }, _) => send(r#""role":"assistant","content":"""#, &[]),
            (Event::Begin(Content::Call(call)), _) => {
                let template = r#""tool_calls":[{"index":$,"id":$,"type":$,$:{"name":$,$:""}}]"#;
                let (kind, input) = names(call);
                let id = Slot::Text(&call.id);
                let name = call.flat_name();
                let slots = [Slot::Index(self.calls), id, kind, kind, Slot::Text(&name), input];
                send(template, &slots);
                self.calls += 1;
            }
            (Event::Delta(text), Some(Content::Call(call))) => {
                let (kind, input) = names(call);
                let index = Slot::Index(self.calls.saturating_sub(1));
                let slots = [index, kind, input, Slot::Text(text)];
                send(r#""tool_calls":[{"index":$,$:{$:$}}]"#, &slots);
            }
            (Event::Delta(text), Some(content)) => {
                let key = match content {
                    Content::Reasoning(_) => "reasoning_content",
                    Content::Refusal(_) => "refusal",
                    _ => "content",
                };
                send("$:$", &[Slot::Text(key), Slot::Text(text)]);
            }
            (Event::End, Some(Content::Reasoning(thought))) => {
                if thought.is_sealed() {
                    let block = Raw::written(|writer| thought.write_block(writer));
                    let slots = [Slot::Index(self.thoughts), Slot::Json(block.as_str())];
                    send(r#""thinking_blocks":[{"index":$,$}]"#, &slots);
                }
                self.thoughts += 1;
            }
            (Event::Finish(_), _) => finish(answer, context, out),
            (Event::Error(error), _) => {
                let body = error.text(Dialect::Chat);
                fill(out, "data: $\n\n", &[Slot::Json(&body)]);
            }
            _ => {}
        }
    }
}

/// Returns the names of a call's kind and of its input.
fn names(call: &Call) -> (Slot<'static>, Slot<'static>) {
    if call.is_custom {
        (Slot::Text("custom"), Slot::Text("input"))
    } else {
        (Slot::Text("function"), Slot::Text("arguments"))
    }
}

/// Writes a chunk with a delta of these members.
fn chunk(
    out: &mut Writer,
    answer: &Answer,
    context: &Context,
    members: &str,
    slots: &[Slot<'_>],
    finish: Option<&str>,
) {
    head(out, answer, context);
    fill(out, r#"[{"index":0,"delta":{"#, &[]);
    fill(out, members, slots);
    fill(
        out,
        r#"},"logprobs":null,"finish_reason":$}]"#,
        &[Slot::Maybe(finish)],
    );
    let usage = if context.include_usage {
        r#","usage":null"#
    } else {
        ""
    };
    fill(out, "$}\n\n", &[Slot::Json(usage)]);
}

fn head(out: &mut Writer, answer: &Answer, context: &Context) {
    let slots = [
        Slot::Text(context.id.as_deref().unwrap_or(&answer.id)),
        Slot::Number(answer.created.unwrap_or(context.created)),
        Slot::Text(context.model.as_deref().unwrap_or(&answer.model)),
    ];
    let template = r#"data: {"id":$,"object":"chat.completion.chunk","created":$,"model":$,"choices":"#;
    fill(out, template, &slots);
}

fn finish(answer: &Answer, context: &Context, out: &mut Writer) {
    let reason = finish_name(answer.effective_finish());
    chunk(out, answer, context, "", &[], Some(reason));
    if context.include_usage {
        head(out, answer, context);
        fill(out, r#"[],"usage":"#, &[]);
        answer.usage.unwrap_or_default().write_openai(Dialect::Chat, out);
        fill(out, "}\n\n", &[]);
    }
    fill(out, "data: [DONE]\n\n", &[]);
}
