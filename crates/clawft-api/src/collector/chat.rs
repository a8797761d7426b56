//! Chunks of chat completions, and of completions of a text.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString as _},
    vec::Vec,
};
use core::mem;

use clawft_types::json::{Node, Writer};

use super::Next;
use crate::{
    chat::{self, call_position},
    growing::{Growing, Members},
};

/// The completion so far.
#[derive(Debug, Default)]
pub(super) struct Completion {
    /// The members of chunks but `choices` and `object`. The last one of a name counts.
    head: Members,
    choices: BTreeMap<u64, Choice>,
}

/// A choice so far.
#[derive(Debug, Default)]
struct Choice {
    message: Members,
    calls: Vec<Call>,
    /// The members but the message.
    others: Members,
}

/// A call of a tool so far.
#[derive(Debug, Default)]
struct Call {
    /// The index in the chunks, if they have one.
    index: Option<u64>,
    members: Members,
}

impl Completion {
    /// Reads a chunk.
    pub(super) fn read(&mut self, root: Node<'_>) -> Next {
        let mut choices = root.get("choices").and_then(Node::as_items).into_iter().flatten();
        if let Some(error) = chat::error(root).or_else(|| choices.find_map(chat::error_of_choice)) {
            return Next::Error(error);
        }
        for (key, value) in root.each_member() {
            match key {
                "object" => {}
                "choices" => value.as_items().into_iter().flatten().for_each(|choice| {
                    let index = choice.whole_of("index").unwrap_or_default();
                    self.choices.entry(index).or_default().read(choice);
                }),
                _ => self.head.replace(key, value),
            }
        }
        Next::More
    }

    /// Returns whether each choice has its finish reason.
    pub(super) fn is_complete(&self) -> bool {
        let mut choices = self.choices.values();
        !self.choices.is_empty() && choices.all(|choice| choice.others.get("finish_reason").is_some())
    }

    /// Returns the body.
    pub(super) fn into_body(mut self, created: u64) -> Vec<u8> {
        let mut choices = self.choices.values();
        let is_text = choices.any(|choice| choice.others.get("text").is_some());
        let kind = if is_text {
            "text_completion"
        } else {
            "chat.completion"
        };
        self.head.or("id", "\"\"");
        self.head.or("created", &created.to_string());
        self.head.or("model", "\"\"");
        let mut writer = Writer::default();
        writer.object(|body| {
            self.head.write(body);
            body.text_member("object", kind);
            body.member("choices", |writer| {
                writer.array(self.choices, |writer, (index, choice)| {
                    choice.write(index, writer)
                });
            });
        });
        writer.into_bytes()
    }
}

impl Choice {
    fn read(&mut self, choice: Node<'_>) {
        let delta = if choice.get("delta").is_some() {
            "delta"
        } else {
            "message"
        };
        for (key, value) in choice.each_member() {
            match key {
                "index" => {}
                "text" | "logprobs" => self.others.grow_member(key, value),
                _ if key == delta => self.read_delta(value),
                _ => self.others.replace(key, value),
            }
        }
    }

    fn read_delta(&mut self, delta: Node<'_>) {
        for (key, value) in delta.each_member() {
            match value.as_items() {
                Some(calls) if key == "tool_calls" => calls.for_each(|call| self.read_call(call)),
                _ => self.message.grow_member(key, value),
            }
        }
    }

    fn read_call(&mut self, node: Node<'_>) {
        let index = node.whole_of("index");
        let id = node.text_of("id").unwrap_or_default();
        let known = self.calls.iter().map(|call| {
            let id = call.members.text("id").unwrap_or_default();
            (call.index, id)
        });
        let position = call_position(known, index, id).unwrap_or_else(|| {
            let members = Members::default();
            self.calls.push(Call { index, members });
            self.calls.len().saturating_sub(1)
        });
        if let Some(call) = self.calls.get_mut(position) {
            let members = node.each_member().filter(|(key, _)| *key != "index");
            members.for_each(|(key, value)| call.members.grow_member(key, value));
        }
    }

    fn write(mut self, index: u64, writer: &mut Writer) {
        let has_text = self.others.get("text").is_some();
        self.complete(has_text);
        writer.object(|choice| {
            choice.literal_member("index", &index.to_string());
            if !has_text {
                choice.member("message", |writer| {
                    writer.object(|message| self.message.write(message))
                });
            }
            self.others.write(choice);
        });
    }

    /// Adds the members that a complete answer has and chunks may leave out. Some servers call the end of a message
    /// with calls of tools `stop`.
    fn complete(&mut self, is_text: bool) {
        self.others.or("logprobs", "null");
        if is_text {
            return;
        }
        self.message.or("role", "\"assistant\"");
        let is_empty = match self.message.get("content") {
            Some(Growing::Text(text)) => text.is_empty(),
            content => content.is_none(),
        };
        let says_else = !self.calls.is_empty() || self.message.text("refusal").is_some();
        if is_empty && (says_else || self.message.get("content").is_none()) {
            self.message.set("content", Growing::null());
        }
        self.message.or("refusal", "null");
        if self.calls.is_empty() {
            return;
        }
        let calls = mem::take(&mut self.calls).into_iter().enumerate();
        let calls = calls.map(|(position, call)| (None, call.complete(position)));
        self.message.set("tool_calls", Growing::List(calls.collect()));
        if self.others.is("finish_reason", "\"stop\"") {
            self.others
                .set("finish_reason", Growing::Text(String::from("tool_calls")));
        }
    }
}

impl Call {
    /// Returns the call with the members that every call has.
    fn complete(mut self, position: usize) -> Growing {
        if self.members.text("id").is_none() {
            let id = ["call_", &position.to_string()].concat();
            self.members.set("id", Growing::Text(id));
        }
        let kind = if self.members.get("custom").is_some() {
            "\"custom\""
        } else {
            "\"function\""
        };
        self.members.or("type", kind);
        Growing::Object(self.members)
    }
}
