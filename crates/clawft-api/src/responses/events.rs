//! Reader of streams.

use alloc::string::{String, ToString as _};

use clawft_types::json::Node;

use super::{answer::read_finish, items};
use crate::{
    answer::{Finish, Usage},
    error_body::{ErrorBody, ErrorKind},
    event::{Event, Events},
    path::Path,
    request::{Call, Content, Part, Thought},
};

/// The state of a reader.
#[derive(Debug, Default)]
pub(crate) struct StreamReader {
    has_started: bool,
    /// The open part.
    open: Option<Kind>,
    /// Whether the open part, or the current item, has shown anything.
    has_text: bool,
    /// Whether the current item has parts that were handed on.
    has_parts: bool,
    /// Number of the summary part that reasoning has come to.
    summary: u64,
    finish: Option<Finish>,
}

/// The kind of the open part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Reasoning,
    Call,
}

impl StreamReader {
    /// Reads the data of an event.
    pub(crate) fn read(&mut self, root: Node<'_>, events: &mut Events) {
        let name = root.text_of("type").unwrap_or_default();
        if let Some(response) = root.get("response") {
            self.start(response, events);
        }
        match name {
            "response.output_item.added" => {
                self.close(events);
                self.has_parts = false;
                self.summary = 0;
                if let Some(item) = root.get("item") {
                    self.begin_item(item, events);
                }
            }
            "response.output_item.done" => {
                if let Some(item) = root.get("item") {
                    self.end_item(item, events);
                }
            }
            "response.output_text.delta" => self.text(Kind::Text, root, events),
            "response.refusal.delta" => self.text(Kind::Refusal, root, events),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                let summary = root.whole_of("summary_index").unwrap_or_default();
                if summary > self.summary && self.has_text {
                    events.push(Event::Delta("\n\n".to_string()));
                }
                self.summary = summary;
                self.text(Kind::Reasoning, root, events);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta"
                if self.open == Some(Kind::Call) =>
            {
                self.text(Kind::Call, root, events);
            }
            "response.content_part.done" => self.close(events),
            "response.completed" | "response.incomplete" => {
                self.close(events);
                if let Some(response) = root.get("response") {
                    let usage = response.get("usage").map(Usage::of_openai);
                    events.extend(usage.map(Event::Usage));
                    self.finish = Some(read_finish(response));
                }
                self.end(events);
            }
            "response.failed" => {
                let error = root.get("response").and_then(ErrorBody::of_node);
                let unknown = || ErrorBody::new(ErrorKind::Server, "the provider failed");
                events.push(Event::Error(error.unwrap_or_else(unknown)));
            }
            "error" => events.push(Event::Error(ErrorBody::of_event(root))),
            _ => {}
        }
    }

    fn start(&mut self, response: Node<'_>, events: &mut Events) {
        if self.has_started {
            return;
        }
        self.has_started = true;
        events.push(Event::Start {
            id: response.text_of("id").unwrap_or_default().to_string(),
            model: response.text_of("model").unwrap_or_default().to_string(),
            created: response.whole_of("created_at"),
        });
    }

    /// Begins a call. Messages and reasoning begin with their first text.
    fn begin_item(&mut self, item: Node<'_>, events: &mut Events) {
        let parts = items::read(item, &Path::ROOT)
            .map(|turn| turn.parts)
            .unwrap_or_default();
        if let Some(Content::Call(call)) = parts.into_iter().next().map(|part| part.content) {
            self.open(
                Kind::Call,
                Content::Call(Call {
                    input: String::new(),
                    ..call
                }),
                events,
            );
        }
    }

    /// Ends an item. Servers that send no deltas have all of it here.
    fn end_item(&mut self, item: Node<'_>, events: &mut Events) {
        let parts = items::read(item, &Path::ROOT)
            .map(|turn| turn.parts)
            .unwrap_or_default();
        for Part { content, .. } in parts {
            match content {
                Content::Reasoning(thought) => self.end_reasoning(thought, events),
                Content::Call(call) => {
                    if self.open != Some(Kind::Call) && !self.has_parts {
                        let empty = Call {
                            input: String::new(),
                            ..call.clone()
                        };
                        self.open(Kind::Call, Content::Call(empty), events);
                    }
                    self.rest(call.input, events);
                }
                Content::Text(text) if !self.has_parts => self.all(Kind::Text, text, events),
                Content::Refusal(text) if !self.has_parts => self.all(Kind::Refusal, text, events),
                _ => {}
            }
        }
        self.close(events);
        self.has_parts = false;
    }

    fn end_reasoning(&mut self, thought: Thought, events: &mut Events) {
        if let Some(data) = thought.redacted {
            let redacted = Thought {
                redacted: Some(data),
                ..Thought::default()
            };
            self.open(Kind::Reasoning, Content::Reasoning(redacted), events);
            return;
        }
        if self.open != Some(Kind::Reasoning) {
            if thought.text.is_empty() && thought.signature.is_none() {
                return;
            }
            self.open(Kind::Reasoning, Content::Reasoning(Thought::default()), events);
        }
        self.rest(thought.text, events);
        events.extend(thought.signature.map(Event::Signature));
    }

    /// Hands on the complete text of the open part, if it had no deltas.
    fn rest(&mut self, text: String, events: &mut Events) {
        if !self.has_text && !text.is_empty() {
            self.has_text = true;
            events.push(Event::Delta(text));
        }
    }

    /// Hands on a complete part of a message.
    fn all(&mut self, kind: Kind, text: String, events: &mut Events) {
        if !text.is_empty() {
            self.open(kind, kind.content(), events);
            self.rest(text, events);
            self.close(events);
            self.has_parts = false;
        }
    }

    fn text(&mut self, kind: Kind, root: Node<'_>, events: &mut Events) {
        let text = root.text_of("delta").unwrap_or_default();
        if text.is_empty() {
            return;
        }
        if self.open != Some(kind) {
            self.open(kind, kind.content(), events);
        }
        self.has_text = true;
        events.push(Event::Delta(text.to_string()));
    }

    fn open(&mut self, kind: Kind, content: Content, events: &mut Events) {
        self.close(events);
        self.open = Some(kind);
        self.has_text = false;
        self.has_parts = true;
        events.push(Event::Begin(content));
    }

    fn close(&mut self, events: &mut Events) {
        if self.open.take().is_some() {
            events.push(Event::End);
        }
    }

    /// Ends the answer, if its finish reason is known.
    pub(crate) fn end(&mut self, events: &mut Events) {
        if let Some(finish) = self.finish.take() {
            self.close(events);
            events.push(Event::Finish(finish));
        }
    }
}

impl Kind {
    /// Returns an empty part of this kind.
    fn content(self) -> Content {
        match self {
            Kind::Refusal => Content::Refusal(String::new()),
            Kind::Reasoning => Content::Reasoning(Thought::default()),
            Kind::Text | Kind::Call => Content::Text(String::new()),
        }
    }
}
