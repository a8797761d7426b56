//! Writer of streams.

use alloc::string::String;

use clawft_types::json::Writer;

use super::{
    answer::{error, head, incomplete, response},
    output::{self, Item, NO_LOGPROBS, is_text},
};
use crate::{
    answer::Answer,
    context::Context,
    event::Event,
    raw::Raw,
    request::{Call, Content, Part},
    template::{Slot, fill},
};

/// The state of a writer.
#[derive(Debug, Default)]
pub(crate) struct StreamWriter {
    /// Number of the next event.
    sequence: u64,
    /// Index of the current item, or of the next one.
    index: usize,
    /// Position of the first part of the open message.
    message: Option<usize>,
    /// Identifier of the current item.
    id: String,
    /// Position of the current part in the current message.
    content: usize,
}

/// The member of an event that tells the place of a text in an item.
const IN_CONTENT: &str = r#","content_index":$,"#;
const IN_SUMMARY: &str = r#","summary_index":$,"#;

impl StreamWriter {
    /// Writes an event. `answer` is the answer so far, with the event.
    pub(crate) fn write(&mut self, event: &Event, answer: &Answer, context: &Context, out: &mut Writer) {
        let part = answer.parts.last();
        match (event, part) {
            (Event::Start { .. }, _) => {
                let response = Raw::written(|writer| {
                    head(answer, context, "in_progress", writer);
                    fill(writer, r#""output":[]"#, &[]);
                });
                self.send(
                    "response.created",
                    r#","response":{$}"#,
                    &[Slot::Json(response.as_str())],
                    out,
                );
                self.send(
                    "response.in_progress",
                    r#","response":{$}"#,
                    &[Slot::Json(response.as_str())],
                    out,
                );
            }
            (Event::Begin(_), Some(part)) => self.begin(part, answer, context, out),
            (Event::Delta(text), Some(part)) => self.delta(part, text, out),
            (Event::End, Some(part)) => self.end(part, out),
            (Event::Finish(_), _) => {
                self.close_message(answer, out);
                let complete =
                    Raw::written(|writer| writer.object(|body| response(answer, context, None, body)));
                let status = incomplete(answer).map_or("response.completed", |_| "response.incomplete");
                self.send(status, r#","response":$"#, &[Slot::Json(complete.as_str())], out);
            }
            (Event::Error(failure), _) => {
                let failed = Raw::written(|writer| {
                    head(answer, context, "failed", writer);
                    error(failure, writer);
                });
                let slots = [Slot::Json(failed.as_str())];
                self.send("response.failed", r#","response":{$,"output":[]}"#, &slots, out);
            }
            _ => {}
        }
    }

    fn begin(&mut self, part: &Part, answer: &Answer, context: &Context, out: &mut Writer) {
        let response = context.id.as_deref().unwrap_or(&answer.id);
        let is_text = is_text(part);
        if !is_text {
            self.close_message(answer, out);
        }
        let position = answer.parts.len().saturating_sub(1);
        let first = *self.message.get_or_insert(position);
        self.content = position.saturating_sub(first);
        if self.content == 0 {
            let item = item_of(part);
            self.id = item.id(response, self.index);
            self.send_item("response.output_item.added", item, "in_progress", out);
        }
        if is_text {
            self.send_text_part("response.content_part.added", part, out);
        } else {
            self.message = None;
        }
    }

    fn delta(&mut self, part: &Part, text: &str, out: &mut Writer) {
        let delta = Slot::Text(text);
        match &part.content {
            Content::Text(_) => {
                let members = r#""delta":$,"logprobs":[]"#;
                self.send_part("response.output_text.delta", IN_CONTENT, members, delta, out);
            }
            Content::Refusal(_) => {
                self.send_part("response.refusal.delta", IN_CONTENT, r#""delta":$"#, delta, out)
            }
            Content::Reasoning(thought) => {
                if thought.text.len() == text.len() {
                    self.send_part(
                        "response.reasoning_summary_part.added",
                        IN_SUMMARY,
                        SUMMARY,
                        Slot::Text(""),
                        out,
                    );
                }
                let name = "response.reasoning_summary_text.delta";
                self.send_part(name, IN_SUMMARY, r#""delta":$"#, delta, out);
            }
            Content::Call(call) => {
                let (_, name, _) = names(call);
                self.send_part(name, ",", r#""delta":$"#, delta, out);
            }
            _ => {}
        }
    }

    fn end(&mut self, part: &Part, out: &mut Writer) {
        match &part.content {
            Content::Text(text) => {
                let members = r#""text":$,"logprobs":[]"#;
                self.send_part(
                    "response.output_text.done",
                    IN_CONTENT,
                    members,
                    Slot::Text(text),
                    out,
                );
            }
            Content::Refusal(text) => {
                self.send_part(
                    "response.refusal.done",
                    IN_CONTENT,
                    r#""refusal":$"#,
                    Slot::Text(text),
                    out,
                );
            }
            Content::Reasoning(thought) if !thought.text.is_empty() => {
                let text = Slot::Text(&thought.text);
                self.send_part(
                    "response.reasoning_summary_text.done",
                    IN_SUMMARY,
                    r#""text":$"#,
                    text,
                    out,
                );
                self.send_part(
                    "response.reasoning_summary_part.done",
                    IN_SUMMARY,
                    SUMMARY,
                    text,
                    out,
                );
            }
            Content::Call(call) => {
                let (name, _, members) = names(call);
                let input = Raw::written(|writer| {
                    fill(
                        writer,
                        members,
                        &[Slot::Text(&call.input), Slot::Text(&call.name)],
                    );
                });
                self.send_part(name, ",", "$", Slot::Json(input.as_str()), out);
            }
            _ => {}
        }
        if is_text(part) {
            self.send_text_part("response.content_part.done", part, out);
        } else {
            self.close_item(item_of(part), out);
        }
    }

    fn close_message(&mut self, answer: &Answer, out: &mut Writer) {
        let Some(first) = self.message.take() else {
            return;
        };
        let parts = answer.parts.get(first..).unwrap_or_default();
        let texts = parts.iter().take_while(|part| is_text(part)).count();
        self.close_item(Item::Message(parts.get(..texts).unwrap_or_default()), out);
    }

    fn close_item(&mut self, item: Item<'_>, out: &mut Writer) {
        self.send_item("response.output_item.done", item, "completed", out);
        self.index += 1;
    }

    fn send_item(&mut self, name: &str, item: Item<'_>, status: &str, out: &mut Writer) {
        let item =
            Raw::written(|writer| writer.object(|object| item.write(&self.id, status, NO_LOGPROBS, object)));
        let slots = [Slot::Index(self.index), Slot::Json(item.as_str())];
        self.send(name, r#","output_index":$,"item":$"#, &slots, out);
    }

    fn send_text_part(&mut self, name: &str, part: &Part, out: &mut Writer) {
        let part =
            Raw::written(|writer| writer.object(|object| output::text(&part.content, NO_LOGPROBS, object)));
        self.send_part(name, IN_CONTENT, r#""part":$"#, Slot::Json(part.as_str()), out);
    }

    /// Sends an event about a part of the current item. `place` is its place in the item, `members` the template of the
    /// other members with `value`.
    fn send_part(&mut self, name: &str, place: &str, members: &str, value: Slot<'_>, out: &mut Writer) {
        let content = if place == IN_CONTENT { self.content } else { 0 };
        let place = Raw::written(|writer| fill(writer, place, &[Slot::Index(content)]));
        let members = Raw::written(|writer| fill(writer, members, &[value]));
        let id = core::mem::take(&mut self.id);
        let slots = [
            Slot::Text(&id),
            Slot::Index(self.index),
            Slot::Json(place.as_str()),
            Slot::Json(members.as_str()),
        ];
        self.send(name, r#","item_id":$,"output_index":$$$"#, &slots, out);
        self.id = id;
    }

    fn send(&mut self, name: &str, members: &str, slots: &[Slot<'_>], out: &mut Writer) {
        let head = [Slot::Json(name), Slot::Text(name), Slot::Number(self.sequence)];
        fill(out, "event: $\ndata: {\"type\":$,\"sequence_number\":$", &head);
        fill(out, members, slots);
        fill(out, "}\n\n", &[]);
        self.sequence += 1;
    }
}

/// A part of the summary of reasoning.
const SUMMARY: &str = r#""part":{"type":"summary_text","text":$}"#;

fn item_of(part: &Part) -> Item<'_> {
    match &part.content {
        Content::Reasoning(thought) => Item::Reasoning(thought),
        Content::Call(call) => Item::Call(call),
        _ => Item::Message(&[]),
    }
}

/// Returns the names of the events at the end of a call and for each part of its input, and the members of the first.
fn names(call: &Call) -> (&'static str, &'static str, &'static str) {
    if call.is_custom {
        (
            "response.custom_tool_call_input.done",
            "response.custom_tool_call_input.delta",
            r#""input":$"#,
        )
    } else {
        (
            "response.function_call_arguments.done",
            "response.function_call_arguments.delta",
            r#""arguments":$,"name":$"#,
        )
    }
}
