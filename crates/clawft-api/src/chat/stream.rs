//! Writer of streamed chat completions.

use super::answer::finish_name;
use crate::Dialect;
use crate::answer::{Answer, Usage};
use crate::context::Context;
use crate::event::Event;
use crate::request::{Call, Content};
use crate::stream::send;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use clawft_types::json::Writer;

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
    pub(crate) fn write(&mut self, event: &Event, answer: &Answer, context: &Context, out: &mut Vec<u8>) {
        let part = answer.parts.last().map(|part| &part.content);
        match (event, part) {
            (Event::Start { .. }, _) => chunk(answer, context, out, |delta| {
                delta.text_member("role", "assistant");
                delta.text_member("content", "");
            }),
            (Event::Begin(Content::Call(call)), _) => {
                self.calls += 1;
                chunk(answer, context, out, |delta| self.call(delta, call, true, ""));
            }
            (Event::Delta(text), Some(Content::Call(call))) => {
                chunk(answer, context, out, |delta| self.call(delta, call, false, text));
            }
            (Event::Delta(text), Some(content)) => {
                let key = match content {
                    Content::Reasoning(_) => "reasoning_content",
                    Content::Refusal(_) => "refusal",
                    _ => "content",
                };
                chunk(answer, context, out, |delta| delta.text_member(key, text));
            }
            (Event::End, Some(Content::Reasoning(thought))) => {
                let index = self.thoughts;
                self.thoughts += 1;
                if thought.is_sealed() {
                    chunk(answer, context, out, |delta| {
                        delta.member("thinking_blocks", |writer| {
                            writer.array([thought], |writer, thought| {
                                writer.object(|block| {
                                    block.literal_member("index", &index.to_string());
                                    thought.write_block(block);
                                });
                            });
                        });
                    });
                }
            }
            (Event::Finish(_), _) => finish(answer, context, out),
            (Event::Error(error), _) => send(out, "", |data| error.write_members(Dialect::Chat, data)),
            _ => {}
        }
    }

    /// Writes the part of a call that a chunk has.
    fn call(&self, writer: &mut Writer, call: &Call, is_first: bool, text: &str) {
        let (kind, input) = if call.is_custom {
            ("custom", "input")
        } else {
            ("function", "arguments")
        };
        writer.member("tool_calls", |writer| {
            writer.array([call], |writer, call| {
                writer.object(|outer| {
                    outer.literal_member("index", &self.calls.saturating_sub(1).to_string());
                    if is_first {
                        outer.text_member("id", &call.id);
                        outer.text_member("type", kind);
                    }
                    outer.member(kind, |writer| {
                        writer.object(|inner| {
                            if is_first {
                                inner.text_member("name", &call.flat_name());
                            }
                            inner.text_member(input, text);
                        });
                    });
                });
            });
        });
    }
}

/// Sends a chunk with a delta.
fn chunk(answer: &Answer, context: &Context, out: &mut Vec<u8>, delta: impl FnOnce(&mut Writer)) {
    send(out, "", |data| {
        head(answer, context, data);
        data.member("choices", |writer| {
            writer.array([delta], |writer, delta| choice(writer, None, delta));
        });
        if context.include_usage {
            data.literal_member("usage", "null");
        }
    });
}

fn choice(writer: &mut Writer, finish: Option<&str>, delta: impl FnOnce(&mut Writer)) {
    writer.object(|choice| {
        choice.literal_member("index", "0");
        choice.member("delta", |writer| writer.object(delta));
        choice.literal_member("logprobs", "null");
        match finish {
            Some(finish) => choice.text_member("finish_reason", finish),
            None => choice.literal_member("finish_reason", "null"),
        }
    });
}

fn head(answer: &Answer, context: &Context, writer: &mut Writer) {
    writer.text_member("id", context.id.as_deref().unwrap_or(&answer.id));
    writer.text_member("object", "chat.completion.chunk");
    writer.literal_member("created", &answer.created.unwrap_or(context.created).to_string());
    writer.text_member("model", context.model.as_deref().unwrap_or(&answer.model));
}

fn finish(answer: &Answer, context: &Context, out: &mut Vec<u8>) {
    send(out, "", |data| {
        head(answer, context, data);
        data.member("choices", |writer| {
            let finish = finish_name(answer.effective_finish());
            writer.array([finish], |writer, finish| choice(writer, Some(finish), |_| {}));
        });
        if context.include_usage {
            data.literal_member("usage", "null");
        }
    });
    if context.include_usage {
        send(out, "", |data| {
            head(answer, context, data);
            data.literal_member("choices", "[]");
            let usage: Usage = answer.usage.unwrap_or_default();
            data.member("usage", |writer| usage.write_openai(Dialect::Chat, writer));
        });
    }
    out.extend_from_slice(b"data: [DONE]\n\n");
}
