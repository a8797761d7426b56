//! Writer of streams.

use super::answer::{error, head, response};
use super::output::{self, Item, is_text};
use crate::answer::{Answer, Finish};
use crate::context::Context;
use crate::error_body::ErrorBody;
use crate::event::Event;
use crate::request::{Call, Content, Part, Thought};
use crate::stream::send;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use clawft_types::json::Writer;

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
}

/// The place of a part in the output: the names and values of the members that tell it.
type Place = (&'static str, usize);

impl StreamWriter {
    /// Writes an event. `answer` is the answer so far, with the event.
    pub(crate) fn write(&mut self, event: &Event, answer: &Answer, context: &Context, out: &mut Vec<u8>) {
        let part = answer.parts.last();
        match (event, part) {
            (Event::Start { .. }, _) => {
                for name in ["response.created", "response.in_progress"] {
                    self.send_response(name, out, |writer| {
                        head(answer, context, "in_progress", writer);
                        writer.literal_member("output", "[]");
                    });
                }
            }
            (Event::Begin(_), Some(part)) => self.begin(part, answer, context, out),
            (Event::Delta(text), Some(part)) => self.delta(part, text, answer, out),
            (Event::End, Some(part)) => self.end(part, answer, out),
            (Event::Finish(finish), _) => {
                self.close_message(answer, out);
                let has_refusal = answer
                    .parts
                    .iter()
                    .any(|part| matches!(part.content, Content::Refusal(_)));
                let is_complete = match finish {
                    Finish::Length => false,
                    Finish::Filter => has_refusal,
                    _ => true,
                };
                let name = if is_complete {
                    "response.completed"
                } else {
                    "response.incomplete"
                };
                self.send_response(name, out, |writer| response(answer, context, None, writer));
            }
            (Event::Error(failure), _) => self.fail(failure, answer, context, out),
            _ => {}
        }
    }

    fn begin(&mut self, part: &Part, answer: &Answer, context: &Context, out: &mut Vec<u8>) {
        let response = context.id.as_deref().unwrap_or(&answer.id);
        if !is_text(part) {
            self.close_message(answer, out);
            let Some(item) = item_of(part) else {
                return;
            };
            self.id = item.id(response, self.index);
            self.send_item("response.output_item.added", item, "in_progress", out);
            return;
        }
        if self.message.is_none() {
            self.message = Some(answer.parts.len().saturating_sub(1));
            let item = Item::Message(&[]);
            self.id = item.id(response, self.index);
            self.send_item("response.output_item.added", item, "in_progress", out);
        }
        self.send_part(
            "response.content_part.added",
            self.content_index(answer),
            out,
            |writer| {
                writer.member("part", |writer| {
                    writer.object(|object| output::text(&part.content, object))
                });
            },
        );
    }

    fn delta(&mut self, part: &Part, text: &str, answer: &Answer, out: &mut Vec<u8>) {
        let place = self.content_index(answer);
        let member = |writer: &mut Writer| writer.text_member("delta", text);
        match &part.content {
            Content::Text(_) => self.send_part("response.output_text.delta", place, out, |writer| {
                member(writer);
                writer.literal_member("logprobs", "[]");
            }),
            Content::Refusal(_) => self.send_part("response.refusal.delta", place, out, member),
            Content::Reasoning(thought) => {
                if thought.text.len() == text.len() {
                    self.send_summary("response.reasoning_summary_part.added", "", out);
                }
                self.send_part("response.reasoning_summary_text.delta", SUMMARY, out, member);
            }
            Content::Call(call) => {
                let name = ["response.", input_name(call), ".delta"].concat();
                self.send_event(&name, None, out, member);
            }
            _ => {}
        }
    }

    fn end(&mut self, part: &Part, answer: &Answer, out: &mut Vec<u8>) {
        let place = self.content_index(answer);
        match &part.content {
            Content::Text(text) => {
                self.send_part("response.output_text.done", place, out, |writer| {
                    writer.text_member("text", text);
                    writer.literal_member("logprobs", "[]");
                });
            }
            Content::Refusal(text) => {
                self.send_part("response.refusal.done", place, out, |writer| {
                    writer.text_member("refusal", text);
                });
            }
            Content::Reasoning(Thought { text, .. }) if !text.is_empty() => {
                self.send_part("response.reasoning_summary_text.done", SUMMARY, out, |writer| {
                    writer.text_member("text", text);
                });
                self.send_summary("response.reasoning_summary_part.done", text, out);
            }
            Content::Call(call) => {
                let name = ["response.", input_name(call), ".done"].concat();
                self.send_event(&name, None, out, |writer| {
                    if !call.is_custom {
                        writer.text_member("name", &call.name);
                    }
                    writer.text_member(if call.is_custom { "input" } else { "arguments" }, &call.input);
                });
            }
            _ => {}
        }
        if is_text(part) {
            self.send_part("response.content_part.done", place, out, |writer| {
                writer.member("part", |writer| {
                    writer.object(|object| output::text(&part.content, object))
                });
            });
        } else if let Some(item) = item_of(part) {
            self.close_item(item, out);
        }
    }

    fn close_message(&mut self, answer: &Answer, out: &mut Vec<u8>) {
        let Some(first) = self.message.take() else {
            return;
        };
        let parts = answer.parts.get(first..).unwrap_or_default();
        let texts = parts.iter().take_while(|part| is_text(part)).count();
        self.close_item(Item::Message(parts.get(..texts).unwrap_or_default()), out);
    }

    fn close_item(&mut self, item: Item<'_>, out: &mut Vec<u8>) {
        self.send_item("response.output_item.done", item, "completed", out);
        self.index += 1;
    }

    fn fail(&mut self, failure: &ErrorBody, answer: &Answer, context: &Context, out: &mut Vec<u8>) {
        self.send_response("response.failed", out, |writer| {
            head(answer, context, "failed", writer);
            error(failure, writer);
            writer.literal_member("output", "[]");
        });
    }

    /// Returns the place of the last part in the open message.
    fn content_index(&self, answer: &Answer) -> Place {
        let last = answer.parts.len().saturating_sub(1);
        (
            "content_index",
            last.saturating_sub(self.message.unwrap_or_default()),
        )
    }

    fn send_summary(&mut self, name: &str, text: &str, out: &mut Vec<u8>) {
        self.send_part(name, SUMMARY, out, |writer| {
            writer.member("part", |writer| {
                writer.object(|part| {
                    part.text_member("type", "summary_text");
                    part.text_member("text", text);
                });
            });
        });
    }

    fn send_part(&mut self, name: &str, place: Place, out: &mut Vec<u8>, members: impl FnOnce(&mut Writer)) {
        self.send_event(name, Some(place), out, members);
    }

    /// Sends an event about the current item.
    fn send_event(
        &mut self,
        name: &str,
        place: Option<Place>,
        out: &mut Vec<u8>,
        members: impl FnOnce(&mut Writer),
    ) {
        let sequence = self.next();
        send(out, name, |data| {
            head_of_event(name, sequence, data);
            data.text_member("item_id", &self.id);
            data.literal_member("output_index", &self.index.to_string());
            if let Some((key, index)) = place {
                data.literal_member(key, &index.to_string());
            }
            members(data);
        });
    }

    /// Sends an event with an item.
    fn send_item(&mut self, name: &str, item: Item<'_>, status: &str, out: &mut Vec<u8>) {
        let sequence = self.next();
        send(out, name, |data| {
            head_of_event(name, sequence, data);
            data.literal_member("output_index", &self.index.to_string());
            data.member("item", |writer| {
                writer.object(|object| item.write(&self.id, status, object))
            });
        });
    }

    /// Sends an event with the response.
    fn send_response(&mut self, name: &str, out: &mut Vec<u8>, members: impl FnOnce(&mut Writer)) {
        let sequence = self.next();
        send(out, name, |data| {
            head_of_event(name, sequence, data);
            data.member("response", |writer| writer.object(members));
        });
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence - 1
    }
}

/// The place of the text of reasoning.
const SUMMARY: Place = ("summary_index", 0);

fn head_of_event(name: &str, sequence: u64, writer: &mut Writer) {
    writer.text_member("type", name);
    writer.literal_member("sequence_number", &sequence.to_string());
}

fn item_of(part: &Part) -> Option<Item<'_>> {
    match &part.content {
        Content::Reasoning(thought) => Some(Item::Reasoning(thought)),
        Content::Call(call) => Some(Item::Call(call)),
        _ => None,
    }
}

fn input_name(call: &Call) -> &'static str {
    if call.is_custom {
        "custom_tool_call_input"
    } else {
        "function_call_arguments"
    }
}
