//! Answers in the protocol of Anthropic's messages.

use super::Answer;
use clawft_types::MessagesResponse;
use clawft_types::anthropic::read_usage;
use clawft_types::json::{JsonError, Node};
use clawft_types::memory;

pub(super) fn answer(body: Node<'_>) -> Result<Answer, JsonError> {
    let response = MessagesResponse::read(body)?;
    Ok(Answer {
        text: response.text,
        finish_reason: response.stop_reason,
        usage: response.usage,
    })
}

/// Reads an event, whose kind follows from its members: `message_start` holds a message with the usage of the
/// request, `content_block_delta` a delta with text, `message_delta` one with the stop reason and the usage
/// of the answer.
pub(super) fn event(event: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(usage) = event.get("message").unwrap_or(event).get("usage") {
        answer.usage = Some(read_usage(usage, answer.usage.unwrap_or_default()));
    }
    let Some(delta) = event.get("delta") else {
        return Ok(());
    };
    if let Some(text) = delta.get("text") {
        memory::append_text(&mut answer.text, text.text()?)?;
    }
    if let Some(reason) = delta.text_of("stop_reason") {
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    Ok(())
}
