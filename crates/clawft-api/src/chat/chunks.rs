//! Reader of streamed chat completions.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use core::mem;

use clawft_types::json::Node;

use super::{
    answer::read_finish,
    calls::Calls,
    errors,
    read::{thinking, thoughts},
};
use crate::{
    answer::{Finish, Usage},
    error::Error,
    error_body::{ErrorBody, ErrorKind},
    event::{Event, Events},
    path::Path,
    request::{Content, Thought},
};

/// The state of a reader.
#[derive(Debug, Default)]
pub(crate) struct StreamReader {
    has_started: bool,
    open: Option<Kind>,
    calls: Calls,
    /// Texts that came while the input of a call was incomplete.
    late: Vec<(Kind, String)>,
    usage: Option<Usage>,
    finish: Option<Finish>,
}

/// The kind of the open part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Reasoning,
}

impl StreamReader {
    /// Reads a chunk.
    pub(crate) fn read(&mut self, root: Node<'_>, events: &mut Events) {
        if let Some(error) = errors::error(root) {
            return events.push(Event::Error(error));
        }
        if !self.has_started {
            self.has_started = true;
            events.push(Event::Start {
                id: root.text_of("id").unwrap_or_default().to_string(),
                model: root.text_of("model").unwrap_or_default().to_string(),
                created: root.whole_of("created"),
            });
        }
        if let Some(usage) = root.get("usage") {
            self.usage = Some(Usage::of_openai(usage));
        }
        let choices = root.get("choices").and_then(Node::as_items);
        for choice in choices.into_iter().flatten() {
            if choice.whole_of("index").unwrap_or_default() == 0 {
                self.read_choice(choice, events);
            }
        }
    }

    fn read_choice(&mut self, choice: Node<'_>, events: &mut Events) {
        if let Some(delta) = choice.get("delta").or(choice.get("message")) {
            self.read_delta(delta, events);
        }
        if let Some(error) = errors::error_of_choice(choice) {
            return events.push(Event::Error(error));
        }
        if let Some(reason) = choice.text_of("finish_reason") {
            let stop = choice.text_of("stop_reason").or(choice.text_of("matched_stop"));
            self.finish = Some(match (read_finish(reason), stop) {
                (Finish::Stop, Some(stop)) => Finish::StopSequence(stop.to_string()),
                (finish, _) => finish,
            });
        }
    }

    fn read_delta(&mut self, delta: Node<'_>, events: &mut Events) {
        self.read_thoughts(delta, events);
        for (kind, key) in [(Kind::Text, "content"), (Kind::Refusal, "refusal")] {
            let Some(content) = delta.get(key) else { continue };
            match (content.as_text(), content.as_items()) {
                (Some(text), _) => self.text(kind, text, events),
                (None, Some(parts)) => parts.for_each(|part| self.read_part(part, events)),
                (None, None) => {
                    events.push(Event::Error(unreadable(&content.error("expected a string"))));
                }
            }
        }
        for call in delta
            .get("tool_calls")
            .and_then(Node::as_items)
            .into_iter()
            .flatten()
        {
            self.close(events);
            self.calls.read(call, events);
        }
    }

    /// Reads a part of a content that is a list, as Mistral sends it. A part without a counterpart is left out.
    fn read_part(&mut self, part: Node<'_>, events: &mut Events) {
        if let Some(thought) = thinking(part) {
            return self.text(Kind::Reasoning, &thought, events);
        }
        let kind = match part.text_of("type") {
            Some("refusal") => Kind::Refusal,
            _ => Kind::Text,
        };
        let key = if kind == Kind::Text { "text" } else { "refusal" };
        self.text(kind, part.text_of(key).unwrap_or_default(), events);
    }

    /// Reads reasoning. LiteLLM repeats the text in blocks, whose last one has the signature.
    fn read_thoughts(&mut self, delta: Node<'_>, events: &mut Events) {
        let plain = ["reasoning_content", "reasoning"]
            .into_iter()
            .find_map(|key| delta.text_of(key));
        self.text(Kind::Reasoning, plain.unwrap_or_default(), events);
        for part in thoughts(delta, &Path::ROOT).unwrap_or_default() {
            let Content::Reasoning(thought) = part.content else {
                continue;
            };
            if let Some(data) = thought.redacted {
                self.calls.end_all(events);
                self.close(events);
                let redacted = Thought {
                    redacted: Some(data),
                    ..Thought::default()
                };
                events.extend([Event::Begin(Content::Reasoning(redacted)), Event::End]);
                continue;
            }
            if plain.is_none() && self.open != Some(Kind::Reasoning) {
                self.text(Kind::Reasoning, &thought.text, events);
            }
            if let Some(signature) = thought.signature.filter(|signature| !signature.is_empty()) {
                if self.open != Some(Kind::Reasoning) {
                    self.calls.end_all(events);
                    self.begin(Kind::Reasoning, events);
                }
                events.push(Event::Signature(signature));
                self.close(events);
            }
        }
    }

    /// Adds a text, which is a part of its own if it is of another kind than the last one.
    fn text(&mut self, kind: Kind, text: &str, events: &mut Events) {
        if text.is_empty() {
            return;
        }
        if self.open != Some(kind) {
            if !self.calls.end_complete(events) {
                return self.text_later(kind, text);
            }
            self.begin(kind, events);
        }
        events.push(Event::Delta(text.to_string()));
    }

    fn text_later(&mut self, kind: Kind, text: &str) {
        match self.late.last_mut() {
            Some((last, late)) if *last == kind => late.push_str(text),
            _ => self.late.push((kind, text.to_string())),
        }
    }

    fn begin(&mut self, kind: Kind, events: &mut Events) {
        self.close(events);
        self.open = Some(kind);
        events.push(Event::Begin(match kind {
            Kind::Text => Content::Text(String::new()),
            Kind::Refusal => Content::Refusal(String::new()),
            Kind::Reasoning => Content::Reasoning(Thought::default()),
        }));
    }

    fn close(&mut self, events: &mut Events) {
        if self.open.take().is_some() {
            events.push(Event::End);
        }
    }

    /// Ends the answer, if its finish reason is known.
    pub(crate) fn end(&mut self, events: &mut Events) {
        let Some(finish) = self.finish.take() else {
            return;
        };
        self.close(events);
        self.calls.end_all(events);
        for (kind, text) in mem::take(&mut self.late) {
            self.text(kind, &text, events);
        }
        self.close(events);
        events.extend(self.usage.map(Event::Usage));
        events.push(Event::Finish(finish));
    }
}

/// Returns the error for a chunk whose text or input has another type: without it the answer would lack a part.
pub(super) fn unreadable(error: &Error) -> ErrorBody {
    let message = [
        "the provider's stream has a chunk that cannot be read: ",
        &error.to_string(),
    ]
    .concat();
    ErrorBody::new(ErrorKind::Server, &message)
}
