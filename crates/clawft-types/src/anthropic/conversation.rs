//! Writing the conversation in the form of Anthropic's messages.

use crate::{
    image::Image,
    json::Writer,
    message::{Message, Role},
    reasoning::Reasoning,
    tool::{ToolCall, ToolDefinition},
};

/// Writes the list of messages. The results of the calls in one answer are one message of the user.
pub(super) fn write(list: &mut Writer, messages: [&[Message]; 2]) {
    let results = |one: &Message, next: &Message| one.role == Role::Tool && next.role == Role::Tool;
    list.list(|list| {
        for part in messages {
            for group in part.chunk_by(results) {
                match group {
                    [first, ..] if first.role == Role::Tool => list.item(|item| write_results(item, group)),
                    [first, ..] if is_spoken(first) => list.item(|item| write_message(item, first)),
                    _ => {}
                }
            }
        }
    });
}

/// Returns whether a message belongs to the list. The protocol allows no system message and no empty one.
pub(super) fn is_spoken(message: &Message) -> bool {
    match message.role {
        Role::System => false,
        Role::Tool => true,
        Role::User | Role::Assistant => {
            !message.content.is_empty() || !message.calls.is_empty() || !message.images().is_empty()
        }
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
    let is_signed = |block: &Reasoning| !block.signature.is_empty();
    let is_text = message.calls.is_empty() && message.images().is_empty();
    if is_text && !message.reasoning.iter().any(is_signed) {
        return message.write(writer);
    }
    writer.object(|object| {
        object.text_member("role", message.role.as_str());
        object.member("content", |content| {
            content.list(|list| {
                for block in message.reasoning.iter().filter(|block| is_signed(block)) {
                    list.item(|item| block.write(item));
                }
                message.write_parts(list, Image::write_block);
                for call in &message.calls {
                    list.item(|item| write_call(item, call));
                }
            });
        });
    });
}

fn write_call(writer: &mut Writer, call: &ToolCall) {
    writer.object(|block| {
        block.text_member("type", "tool_use");
        block.text_member("id", &call.id);
        block.text_member("name", &call.name);
        block.literal_member("input", call.valid_arguments());
    });
}

/// Writes a tool in the form of the protocol.
pub(super) fn write_tool(writer: &mut Writer, tool: &ToolDefinition) {
    writer.object(|object| {
        object.text_member("name", &tool.name);
        object.text_member("description", &tool.description);
        object.literal_member("input_schema", &tool.parameters);
    });
}
