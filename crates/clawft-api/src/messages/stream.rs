//! Anthropic's streams.

use alloc::string::{String, ToString as _};

use clawft_types::json::{Node, Writer};

use super::{
    answer::{read_finish, write_finish, write_usage},
    blocks,
};
use crate::{
    answer::{Answer, Finish, Usage},
    context::Context,
    dialect::Dialect,
    error_body::ErrorBody,
    event::{Event, Events},
    path::Path,
    raw::Raw,
    request::{Call, Content, Thought},
    template::{Slot, fill},
};

/// The state of a reader.
#[derive(Debug, Default)]
pub(crate) struct StreamReader {
    /// Whether a part has begun and not ended.
    is_open: bool,
    /// The numbers of the usage so far, by Anthropic's count.
    counts: [u64; 5],
    finish: Option<Finish>,
}

/// The members of the usage. `message_start` has the first, `message_delta` those that have grown.
const COUNTS: [&str; 4] = [
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
];

impl StreamReader {
    /// Reads the data of an event.
    pub(crate) fn read(&mut self, root: Node<'_>, events: &mut Events) {
        match root.text_of("type").unwrap_or_default() {
            "message_start" => {
                let Some(message) = root.get("message") else {
                    return;
                };
                let text = |key| message.text_of(key).unwrap_or_default().to_string();
                events.push(Event::Start {
                    id: text("id"),
                    model: text("model"),
                    created: None,
                });
                self.usage(message.get("usage"), events);
            }
            "content_block_start" => {
                self.end(events);
                if let Some(block) = root.get("content_block") {
                    self.begin(block, events);
                }
            }
            "content_block_delta" if self.is_open => {
                if let Some(delta) = root.get("delta") {
                    read_delta(delta, events);
                }
            }
            "content_block_stop" => self.end(events),
            "message_delta" => {
                let delta = root.get("delta");
                let text = |key| delta.and_then(|delta| delta.text_of(key));
                if let Some(reason) = text("stop_reason") {
                    self.finish = Some(read_finish(reason, text("stop_sequence")));
                }
                self.usage(root.get("usage"), events);
            }
            "message_stop" => {
                self.finish.get_or_insert_default();
                self.finish(events);
            }
            "error" => events.extend(ErrorBody::of_node(root).map(Event::Error)),
            _ => {}
        }
    }

    /// Ends the answer, if its finish reason is known.
    pub(crate) fn finish(&mut self, events: &mut Events) {
        if let Some(finish) = self.finish.take() {
            self.end(events);
            events.push(Event::Finish(finish));
        }
    }

    fn begin(&mut self, block: Node<'_>, events: &mut Events) {
        let Ok(part) = blocks::read(block, &Path::ROOT) else {
            return;
        };
        let (content, first) = match part.content {
            Content::Text(text) => (Content::Text(String::new()), text),
            Content::Reasoning(thought) => {
                let text = thought.text;
                let empty = Thought {
                    text: String::new(),
                    ..thought
                };
                (Content::Reasoning(empty), text)
            }
            Content::Call(call) => {
                let input = Some(call.input).filter(|input| input != "{}").unwrap_or_default();
                let empty = Call {
                    input: String::new(),
                    ..call
                };
                (Content::Call(empty), input)
            }
            // Blocks of the provider's own tools.
            _ => return,
        };
        self.is_open = true;
        events.push(Event::Begin(content));
        if !first.is_empty() {
            events.push(Event::Delta(first));
        }
    }

    fn end(&mut self, events: &mut Events) {
        if self.is_open {
            self.is_open = false;
            events.push(Event::End);
        }
    }

    fn usage(&mut self, node: Option<Node<'_>>, events: &mut Events) {
        let Some(node) = node else {
            return;
        };
        let details = node.get("output_tokens_details");
        let reasoning = details.and_then(|details| details.whole_of("thinking_tokens"));
        let found = COUNTS.iter().map(|key| node.whole_of(key)).chain([reasoning]);
        for (count, found) in self.counts.iter_mut().zip(found) {
            *count = found.unwrap_or(*count);
        }
        let [input, cached, cache_written, output, reasoning] = self.counts;
        events.push(Event::Usage(Usage {
            input: input.saturating_add(cached).saturating_add(cache_written),
            output,
            cached,
            cache_written,
            reasoning,
        }));
    }
}

fn read_delta(delta: Node<'_>, events: &mut Events) {
    for key in ["text", "partial_json", "thinking"] {
        if let Some(text) = delta.text_of(key).filter(|text| !text.is_empty()) {
            events.push(Event::Delta(text.to_string()));
        }
    }
    if let Some(signature) = delta
        .text_of("signature")
        .filter(|signature| !signature.is_empty())
    {
        events.push(Event::Signature(signature.to_string()));
    }
}

/// The state of a writer.
#[derive(Debug, Default)]
pub(crate) struct StreamWriter {
    /// Index of the current block.
    index: usize,
    /// The name of the current block's deltas, and of their member.
    delta: (&'static str, &'static str),
}

impl StreamWriter {
    /// Writes an event. `answer` is the answer so far, with the event.
    pub(crate) fn write(&mut self, event: &Event, answer: &Answer, context: &Context, out: &mut Writer) {
        match event {
            Event::Start { id, model, .. } => {
                let slots = [
                    Slot::Text(context.id.as_ref().unwrap_or(id)),
                    Slot::Text(context.model.as_ref().unwrap_or(model)),
                ];
                send(out, "message_start", START, &slots);
            }
            Event::Begin(content) => {
                self.index = answer.parts.len().saturating_sub(1);
                self.delta = match content {
                    Content::Call(_) => ("input_json_delta", "partial_json"),
                    Content::Reasoning(_) => ("thinking_delta", "thinking"),
                    _ => ("text_delta", "text"),
                };
                let block = Raw::written(|writer| begin(content, writer));
                let slots = [Slot::Index(self.index), Slot::Json(block.as_str())];
                send(
                    out,
                    "content_block_start",
                    r#""index":$,"content_block":{$}"#,
                    &slots,
                );
            }
            Event::Delta(text) => self.write_delta(self.delta, text, out),
            Event::Signature(text) => self.write_delta(("signature_delta", "signature"), text, out),
            Event::End => send(
                out,
                "content_block_stop",
                r#""index":$"#,
                &[Slot::Index(self.index)],
            ),
            Event::Usage(_) => {}
            Event::Finish(_) => finish(answer, out),
            Event::Error(error) => {
                let body = error.text(Dialect::Messages);
                fill(out, "event: error\ndata: $\n\n", &[Slot::Json(&body)]);
            }
        }
    }

    fn write_delta(&self, (name, key): (&str, &str), text: &str, out: &mut Writer) {
        let slots = [
            Slot::Index(self.index),
            Slot::Text(name),
            Slot::Text(key),
            Slot::Text(text),
        ];
        send(
            out,
            "content_block_delta",
            r#""index":$,"delta":{"type":$,$:$}"#,
            &slots,
        );
    }
}

/// The members of `message_start`.
const START: &str = concat!(
    r#""message":{"id":$,"type":"message","role":"assistant","model":$,"content":[],"#,
    r#""stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"#,
    r#""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}"#,
);

/// Writes an event whose data repeats its name.
fn send(out: &mut Writer, name: &str, members: &str, slots: &[Slot<'_>]) {
    let comma = if members.is_empty() { "" } else { "," };
    let names = [Slot::Json(name), Slot::Text(name), Slot::Json(comma)];
    fill(out, "event: $\ndata: {\"type\":$$", &names);
    fill(out, members, slots);
    fill(out, "}\n\n", &[]);
}

fn begin(content: &Content, writer: &mut Writer) {
    match content {
        Content::Call(call) => {
            let id = blocks::safe_id(&call.id);
            let name = call.flat_name();
            let slots = [Slot::Text(&id), Slot::Text(&name)];
            fill(writer, r#""type":"tool_use","id":$,"name":$,"input":{}"#, &slots);
        }
        Content::Reasoning(thought) => thought.write_block(writer),
        _ => fill(writer, r#""type":"text","text":"""#, &[]),
    }
}

fn finish(answer: &Answer, out: &mut Writer) {
    let parts = Raw::written(|writer| write_finish(answer, writer));
    let usage = Raw::written(|writer| write_usage(&answer.usage.unwrap_or_default(), writer));
    let slots = [Slot::Json(parts.as_str()), Slot::Json(usage.as_str())];
    send(out, "message_delta", r#""delta":{$},"usage":$"#, &slots);
    send(out, "message_stop", "", &[]);
}
