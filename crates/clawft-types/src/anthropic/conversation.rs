//! Writing the conversation in the form of Anthropic's messages.

use crate::json::Writer;
use crate::message::{Message, Role};
use crate::tool::{ToolCall, ToolDefinition};

/// Writes the list of messages. The results of the calls in one answer are one message of the user.
pub(super) fn write(list: &mut Writer, messages: [&[Message]; 2]) {
    let results = |one: &Message, next: &Message| one.role == Role::Tool && next.role == Role::Tool;
    let groups = messages
        .into_iter()
        .flat_map(|part| part.chunk_by(results))
        .filter_map(|group| Some((group, group.first()?)))
        .filter(|(_, first)| is_spoken(first));
    list.array(groups, |item, (group, first)| match first.role {
        Role::Tool => write_results(item, group),
        _ => write_message(item, first),
    });
}

/// Returns whether a message belongs to the list. The protocol allows no system message and no empty one.
pub(super) fn is_spoken(message: &Message) -> bool {
    match message.role {
        Role::System => false,
        Role::Tool => true,
        Role::User | Role::Assistant => !message.content.is_empty() || !message.calls.is_empty(),
    }
}

fn write_results(writer: &mut Writer, results: &[Message]) {
    writer.object(|object| {
        object.text_member("role", Role::User.as_str());
        object.member("content", |list| list.array(results, write_result));
    });
}

fn write_result(writer: &mut Writer, result: &Message) {
    writer.object(|block| {
        block.text_member("type", "tool_result");
        if let Some(call) = &result.answered {
            block.text_member("tool_use_id", &call.id);
            if call.is_error {
                block.literal_member("is_error", "true");
            }
        }
        block.text_member("content", &result.content);
    });
}

/// Writes a message. The provider's own blocks of reasoning go back to it before the text, and the calls after
/// it.
fn write_message(writer: &mut Writer, message: &Message) {
    let signed = || {
        message
            .reasoning
            .iter()
            .filter(|block| !block.signature.is_empty())
    };
    if message.calls.is_empty() && signed().next().is_none() {
        return message.write(writer);
    }
    writer.object(|object| {
        object.text_member("role", message.role.as_str());
        object.member("content", |list| {
            let text = Some(&message.content).filter(|text| !text.is_empty());
            let blocks = signed()
                .map(Block::Reasoning)
                .chain(text.map(|text| Block::Text(text)))
                .chain(message.calls.iter().map(Block::Call));
            list.array(blocks, |item, block| block.write(item));
        });
    });
}

enum Block<'a> {
    Reasoning(&'a crate::reasoning::Reasoning),
    Text(&'a str),
    Call(&'a ToolCall),
}

impl Block<'_> {
    fn write(&self, writer: &mut Writer) {
        match self {
            Block::Reasoning(block) => block.write(writer),
            Block::Text(text) => writer.object(|block| {
                block.text_member("type", "text");
                block.text_member("text", text);
            }),
            Block::Call(call) => writer.object(|block| {
                block.text_member("type", "tool_use");
                block.text_member("id", &call.id);
                block.text_member("name", &call.name);
                block.literal_member("input", call.valid_arguments());
            }),
        }
    }
}

/// Writes a tool in the form of the protocol.
pub(super) fn write_tool(writer: &mut Writer, tool: &ToolDefinition) {
    writer.object(|object| {
        object.text_member("name", &tool.name);
        object.text_member("description", &tool.description);
        object.literal_member("input_schema", &tool.parameters);
    });
}
