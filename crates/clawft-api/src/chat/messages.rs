//! Writer of the messages of a chat completion request.

use alloc::{string::String, vec::Vec};

use clawft_types::json::Writer;

use super::{content, tools};
use crate::{
    request::{Call, Content, Part, Request, Role, Thought, Turn},
    template::{Slot, fill},
    written::Translation,
};

/// A message to write.
enum Message<'a> {
    /// The system prompt, put together from several.
    System(Vec<&'a Part>),
    /// A turn without changes.
    Turn(&'a Turn),
    /// The result of a call.
    Result(&'a Turn, &'a Part),
    /// Images and documents that tools returned: only text may be in the message of a tool.
    Attachments(Vec<&'a Part>),
}

/// Writes the messages. From another dialect, the system prompt and all system messages before the first other one
/// become one message, because many models' templates take no second one.
pub(super) fn write(request: &Request, to: &mut Translation, writer: &mut Writer) {
    let messages = plan(request, to);
    writer.array(messages, |writer, message| {
        writer.object(|object| match message {
            Message::System(parts) => {
                object.text_member("role", "system");
                system_content(&parts, to, object);
            }
            Message::Turn(turn) => write_turn(turn, to, object),
            Message::Result(turn, part) => write_result(turn, part, to, object),
            Message::Attachments(parts) => {
                object.text_member("role", "user");
                object.member("content", |writer| {
                    writer.array(parts, |writer, part| content::part(part, "", to, writer));
                });
            }
        });
    });
}

fn plan<'a>(request: &'a Request, to: &mut Translation) -> Vec<Message<'a>> {
    let mut turns = request.turns.as_slice();
    let mut messages = Vec::new();
    if to.from != to.to {
        let is_system = |turn: &&Turn| matches!(turn.role, Role::System | Role::Developer);
        let (first, rest) = turns.split_at(turns.iter().take_while(is_system).count());
        turns = rest;
        let mut system: Vec<&Part> = request.instructions.iter().collect();
        for turn in first {
            to.discard(&turn.extra);
            system.extend(&turn.parts);
        }
        if !system.is_empty() {
            messages.push(Message::System(system));
        }
    }
    let mut attachments = Vec::new();
    let is_trace = |part: &Part| matches!(part.content, Content::Trace(_)) && to.from != to.to;
    let is_left = |turn: &&Turn| turn.parts.is_empty() || !turn.parts.iter().all(is_trace);
    let (turns, traces): (Vec<&Turn>, Vec<&Turn>) = turns.iter().partition(is_left);
    for part in traces.iter().flat_map(|turn| &turn.parts) {
        to.ignore(&part.path);
    }
    for turn in turns {
        if turn.role != Role::Tool {
            attach(&mut attachments, &mut messages, to);
            messages.push(Message::Turn(turn));
            continue;
        }
        for part in &turn.parts {
            if let Content::Result { parts, .. } = &part.content {
                attachments.extend(parts.iter().filter(|part| part.as_text().is_none()));
                messages.push(Message::Result(turn, part));
            }
        }
    }
    attach(&mut attachments, &mut messages, to);
    messages
}

fn attach<'a>(parts: &mut Vec<&'a Part>, messages: &mut Vec<Message<'a>>, to: &mut Translation) {
    for part in parts.iter() {
        to.warn(
            &part.path,
            "moved to a message of the user, because chat completions take only text from tools",
        );
    }
    if !parts.is_empty() {
        messages.push(Message::Attachments(core::mem::take(parts)));
    }
}

fn system_content(parts: &[&Part], to: &mut Translation, writer: &mut Writer) {
    let mut text = String::new();
    for part in parts {
        to.discard(&part.extra);
        match part.as_text() {
            Some(more) if text.is_empty() => text.push_str(more),
            Some(more) => text.extend(["\n\n", more]),
            None => to.refuse(&part.path),
        }
    }
    writer.text_member("content", &text);
}

fn write_turn(turn: &Turn, to: &mut Translation, writer: &mut Writer) {
    let is_same = to.from == to.to;
    let role = match turn.role {
        Role::Developer if is_same => "developer",
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    writer.text_member("role", role);
    if turn.role == Role::Assistant {
        write_assistant(turn, to, writer);
    } else {
        content::member(&turn.parts, "", to, writer);
    }
    to.fields(writer, &turn.extra);
}

fn write_assistant(turn: &Turn, to: &mut Translation, writer: &mut Writer) {
    let mut texts = Vec::new();
    let mut thoughts = Vec::new();
    let mut calls = Vec::new();
    for part in &turn.parts {
        match &part.content {
            Content::Text(text) => texts.push((part, text.as_str())),
            Content::Reasoning(thought) => thoughts.push(thought),
            Content::Refusal(text) => writer.text_member("refusal", text),
            Content::Call(call) => calls.push(call),
            Content::Trace(_) => to.ignore(&part.path),
            Content::Other(raw) if to.from == to.to => texts.push((part, raw.as_str())),
            _ => to.refuse_part(part),
        }
    }
    let keeps_parts = to.from == to.to
        && texts
            .iter()
            .any(|(part, _)| !part.extra.is_empty() || part.as_text().is_none());
    if keeps_parts {
        writer.member("content", |writer| {
            writer.array(&texts, |writer, (part, _)| content::part(part, "", to, writer));
        });
    } else if texts.is_empty() && !calls.is_empty() {
        writer.literal_member("content", "null");
    } else {
        texts.iter().for_each(|(part, _)| to.discard(&part.extra));
        let texts: Vec<&str> = texts.iter().map(|(_, text)| *text).collect();
        writer.text_member("content", &texts.concat());
    }
    write_thoughts(&thoughts, writer);
    if !calls.is_empty() {
        tools::write_calls(calls.into_iter(), to.wraps_custom, writer);
    }
}

/// Writes reasoning: its text, and in the form of LiteLLM all of it, if the provider has to get it back unchanged.
pub(super) fn write_thoughts(thoughts: &[&Thought], writer: &mut Writer) {
    let text: Vec<&str> = thoughts.iter().map(|thought| thought.text.as_str()).collect();
    let text = text.concat();
    if !text.is_empty() {
        writer.text_member("reasoning_content", &text);
    }
    if thoughts.iter().any(|thought| thought.is_sealed()) {
        writer.member("thinking_blocks", |writer| {
            writer.array(thoughts, |writer, thought| {
                writer.object(|block| thought.write_block(block));
            });
        });
    }
}

fn write_result(turn: &Turn, part: &Part, to: &mut Translation, writer: &mut Writer) {
    let Content::Result {
        id, parts, is_error, ..
    } = &part.content
    else {
        return;
    };
    writer.text_member("role", "tool");
    writer.text_member("tool_call_id", id);
    let first = parts.iter().find_map(Part::as_text).unwrap_or_default();
    let prefix = error_prefix(*is_error, first);
    let texts: Vec<&Part> = parts.iter().filter(|part| part.as_text().is_some()).collect();
    content::of(&texts, prefix, to, writer);
    to.fields(writer, &turn.extra);
    to.fields(writer, &part.extra);
}

/// Returns the beginning of a result that tells of a failure: in OpenAI's dialects only the text can.
pub(crate) fn error_prefix(is_error: bool, text: &str) -> &'static str {
    let says_so = text
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("error"));
    if is_error && !says_so { "Error: " } else { "" }
}

/// Returns the calls of `parts`.
pub(super) fn calls(parts: &[Part]) -> impl Iterator<Item = &Call> {
    parts.iter().filter_map(|part| match &part.content {
        Content::Call(call) => Some(call),
        _ => None,
    })
}

impl Thought {
    /// Returns whether the provider has to get it back unchanged.
    pub(crate) fn is_sealed(&self) -> bool {
        self.signature.is_some() || self.redacted.is_some()
    }

    /// Writes the members of a block of Anthropic messages.
    pub(crate) fn write_block(&self, writer: &mut Writer) {
        if let Some(data) = &self.redacted {
            fill(
                writer,
                r#""type":"redacted_thinking","data":$"#,
                &[Slot::Text(data)],
            );
            return;
        }
        let signature = self.signature.as_deref().unwrap_or_default();
        let slots = [Slot::Text(&self.text), Slot::Text(signature)];
        fill(writer, r#""type":"thinking","thinking":$,"signature":$"#, &slots);
    }
}
