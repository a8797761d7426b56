//! Writer of the system prompt and the messages of an Anthropic request.

use alloc::vec::Vec;

use clawft_types::json::Writer;

use super::blocks;
use crate::{
    options::Options,
    request::{Content, Part, Request, Role, Turn},
    written::Translation,
};

/// A message to write: its role, and the turns that it consists of.
struct Message<'a> {
    role: &'static str,
    turns: Vec<&'a Turn>,
}

/// Writes the members `system` and `messages`.
///
/// Results of tools that follow each other are one message, as Anthropic asks for, together with the message of the
/// user after them.
pub(super) fn write(request: &Request, options: &Options, to: &mut Translation, writer: &mut Writer) {
    let mut system: Vec<&Part> = request.instructions.iter().collect();
    let mut messages: Vec<Message<'_>> = Vec::new();
    for turn in &request.turns {
        let role = match turn.role {
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
            Role::System | Role::Developer if !keeps_place(turn, &messages, options, to) => {
                to.discard(&turn.extra);
                system.extend(&turn.parts);
                continue;
            }
            Role::System | Role::Developer => "system",
        };
        match messages.last_mut() {
            Some(last) if role == "user" && last.is_of_tools() => last.turns.push(turn),
            _ => messages.push(Message {
                role,
                turns: Vec::from([turn]),
            }),
        }
    }
    if !system.is_empty() {
        write_system(&system, to, writer);
    }
    let messages: Vec<(Message<'_>, Vec<&Part>)> = messages
        .into_iter()
        .filter_map(|message| {
            let parts = message.parts(to);
            let keeps = !parts.is_empty() || message.role != "assistant";
            keeps.then_some((message, parts))
        })
        .collect();
    writer.member("messages", |writer| {
        writer.array(messages, |writer, (message, parts)| {
            writer.object(|object| {
                object.text_member("role", message.role);
                blocks::write_content(&parts, to, object);
                for turn in message.turns {
                    to.fields(object, &turn.extra);
                }
            });
        });
    });
}

/// Returns whether a system message stays among the messages. Warns if it is moved before others.
fn keeps_place(turn: &Turn, messages: &[Message<'_>], options: &Options, to: &mut Translation) -> bool {
    if messages.is_empty() && to.from != to.to {
        return false;
    }
    let keeps = options.system_messages || to.from == to.to;
    if !keeps {
        to.warn(
            &turn.path,
            "moved to the system prompt, because not all models take system messages after others",
        );
    }
    keeps
}

fn write_system(parts: &[&Part], to: &mut Translation, writer: &mut Writer) {
    for part in parts.iter().filter(|part| part.as_text().is_none()) {
        to.refuse(&part.path);
    }
    match parts {
        [part] if part.extra.is_empty() => writer.text_member("system", part.as_text().unwrap_or_default()),
        _ => writer.member("system", |writer| {
            writer.array(parts, |writer, part| blocks::write(part, to, writer));
        }),
    }
}

impl<'a> Message<'a> {
    fn is_of_tools(&self) -> bool {
        self.turns.iter().all(|turn| turn.role == Role::Tool)
    }

    /// Returns the parts to write: without empty texts, which Anthropic refuses, and without unsigned reasoning.
    fn parts(&self, to: &mut Translation) -> Vec<&'a Part> {
        let is_same = to.from == to.to;
        let parts = self.turns.iter().flat_map(|turn| &turn.parts);
        let keeps = |part: &&Part| match &part.content {
            Content::Text(text) => is_same || !text.is_empty(),
            Content::Reasoning(thought) if !is_same && !thought.is_sealed() => {
                to.warn(
                    &part.path,
                    "ignored, because Anthropic takes only reasoning that it has signed",
                );
                false
            }
            Content::Trace(_) if !is_same => {
                to.ignore(&part.path);
                false
            }
            _ => true,
        };
        parts.filter(keeps).collect()
    }
}
