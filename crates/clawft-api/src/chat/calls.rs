//! Calls of tools in a streamed chat completion.
//!
//! The chunks name a call by its index, and may have parts of several calls in turn. The events have one call after
//! the other: what belongs to a later call waits until the input of the current one is a complete JSON value, or the
//! answer ends.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use core::mem;

use clawft_types::json::Node;

use super::chunks::unreadable;
use crate::{
    event::{Event, Events},
    read::{json_text_of, text_of},
    request::{Call, Content},
};

/// The maximum number of calls whose parts come in turn.
const INTERLEAVED: usize = 64;

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Pending>,
    /// Position of the first call that has not ended.
    current: usize,
}

/// A call whose input is not complete, or that waits for others.
#[derive(Debug, Default)]
struct Pending {
    /// The index in the chunks, if they have one.
    index: Option<u64>,
    id: String,
    name: String,
    is_custom: bool,
    has_begun: bool,
    /// Input that was not handed on.
    input: String,
    scanner: Scanner,
}

impl Calls {
    /// Reads an element of `tool_calls`.
    pub(super) fn read(&mut self, node: Node<'_>, events: &mut Events) {
        let id = node.text_of("id").unwrap_or_default();
        let position = self.position(node.whole_of("index"), id);
        let is_custom = node.get("custom").is_some();
        let inner = node.get("custom").or(node.get("function"));
        let text = |key| inner.and_then(|inner| inner.text_of(key)).unwrap_or_default();
        if let Some(call) = self.calls.get_mut(position) {
            if !call.has_begun {
                call.id = if id.is_empty() {
                    mem::take(&mut call.id)
                } else {
                    id.to_string()
                };
                call.name.push_str(text("name"));
                call.is_custom |= is_custom;
            }
            let read = match (call.is_custom, inner) {
                (_, None) => Ok(String::new()),
                (true, Some(inner)) => text_of(inner, "input"),
                (false, Some(inner)) => json_text_of(inner, "arguments"),
            };
            match read {
                Ok(input) => {
                    call.scanner.scan(&input);
                    call.input.push_str(&input);
                }
                Err(error) => return events.push(Event::Error(unreadable(&error))),
            }
        }
        self.advance(events);
    }

    /// Returns the position of a call, which is a new one if its index or identifier is.
    fn position(&mut self, index: Option<u64>, id: &str) -> usize {
        let known = self.calls.iter().map(|call| (call.index, call.id.as_str()));
        call_position(known, index, id).unwrap_or_else(|| {
            let position = self.calls.len();
            self.calls.push(Pending {
                index,
                ..Pending::default()
            });
            position
        })
    }

    /// Hands on all input that is in turn.
    fn advance(&mut self, events: &mut Events) {
        let last = self.calls.len().saturating_sub(1);
        while let Some(call) = self.calls.get_mut(self.current) {
            if !call.hand_on(self.current, events) {
                break;
            }
            if self.current == last || !call.scanner.is_complete() {
                break;
            }
            events.push(Event::End);
            self.current += 1;
        }
    }

    /// Ends the current call if it is complete. Returns whether no call is open.
    pub(super) fn end_complete(&mut self, events: &mut Events) -> bool {
        let Some(call) = self.calls.get(self.current) else {
            return true;
        };
        let ends = call.has_begun && call.scanner.is_complete() && self.current + 1 == self.calls.len();
        if ends {
            events.push(Event::End);
            self.current += 1;
        }
        ends
    }

    /// Ends all calls.
    pub(super) fn end_all(&mut self, events: &mut Events) {
        while let Some(call) = self.calls.get_mut(self.current) {
            call.begin(self.current, events);
            call.hand_on(self.current, events);
            events.push(Event::End);
            self.current += 1;
        }
    }
}

/// Returns the position of a call among `known`, which have an index and an identifier each; `None` if it is a new one.
/// Some servers leave out the index, others give each call the index 0. Only the last calls are searched: an answer has
/// few at once, and a search through all of them would take more than linear time.
pub(crate) fn call_position<'a>(
    known: impl DoubleEndedIterator<Item = (Option<u64>, &'a str)> + ExactSizeIterator,
    index: Option<u64>,
    id: &str,
) -> Option<usize> {
    let mut last = known.enumerate().rev().take(INTERLEAVED);
    let (position, (_, known)) = match index {
        Some(_) => last.find(|(_, (known, _))| *known == index),
        None if id.is_empty() => last.next(),
        None => None,
    }?;
    (id.is_empty() || known.is_empty() || known == id).then_some(position)
}

impl Pending {
    /// Hands on the input so far. Returns whether the call has begun: before, its name is needed.
    fn hand_on(&mut self, position: usize, events: &mut Events) -> bool {
        if self.name.is_empty() && !self.has_begun {
            return false;
        }
        self.begin(position, events);
        let input = mem::take(&mut self.input);
        if !input.is_empty() {
            events.push(Event::Delta(input));
        }
        true
    }

    fn begin(&mut self, position: usize, events: &mut Events) {
        if mem::replace(&mut self.has_begun, true) {
            return;
        }
        if self.id.is_empty() {
            self.id = ["call_", &position.to_string()].concat();
        }
        events.push(Event::Begin(Content::Call(Call {
            id: self.id.clone(),
            name: mem::take(&mut self.name),
            namespace: None,
            input: String::new(),
            is_custom: self.is_custom,
        })));
    }
}

/// Finds the end of a JSON object that arrives in parts.
#[derive(Debug, Default)]
struct Scanner {
    depth: usize,
    has_begun: bool,
    in_text: bool,
    after_backslash: bool,
}

impl Scanner {
    fn scan(&mut self, text: &str) {
        for byte in text.bytes() {
            if mem::take(&mut self.after_backslash) {
                continue;
            }
            match byte {
                b'\\' if self.in_text => self.after_backslash = true,
                b'"' => self.in_text = !self.in_text,
                b'{' | b'[' if !self.in_text => {
                    self.depth += 1;
                    self.has_begun = true;
                }
                b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.has_begun && self.depth == 0
    }
}
