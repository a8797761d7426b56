//! Answers in the protocol of Anthropic's messages.

use super::{Answer, Fault, check, check_message};
use clawft_types::Reasoning;
use clawft_types::completion::read_usage;
use clawft_types::json::{JsonError, Node};
use clawft_types::memory;

/// Reads a whole message, or an event of a stream, whose kind follows from its members: `message_start` holds
/// a message with the usage of the request, `content_block_start` a block, `content_block_delta` a delta of
/// one, `message_delta` a delta with the stop reason and the usage of the answer.
pub(super) fn read(body: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    check(body)?;
    let message = body.get("message").filter(|_| !whole).unwrap_or(body);
    if let Some(usage) = message.get("usage") {
        answer.usage = Some(read_usage(usage, answer.usage.unwrap_or_default()));
    }
    if let Some(content) = message.get("content") {
        read_content(content, answer)?;
    } else if whole || matches!(body.text_of("type"), None | Some("error")) {
        check_message(body)?;
        if whole && body.get("stop_reason").is_none() {
            body.require("content")?;
        }
    }
    if let Some(block) = body.get("content_block") {
        read_block(block, answer)?;
    }
    let delta = body.get("delta");
    if let Some(delta) = delta {
        read_delta(delta, answer)?;
    }
    if let Some(reason) = delta.unwrap_or(message).text_of("stop_reason") {
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    Ok(())
}

fn read_content(content: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    match content.as_items() {
        Some(mut blocks) => blocks.try_for_each(|block| read_block(block, answer)),
        None => Ok(answer.add_text(content.text()?)?),
    }
}

fn read_block(block: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(block) = Reasoning::read(block)? {
        memory::push(&mut answer.reasoning, block)?;
    } else if let Some(text) = block.get("text") {
        answer.add_text(text.text()?)?;
    }
    Ok(())
}

fn read_delta(delta: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(text) = delta.get("text") {
        answer.add_text(text.text()?)?;
    }
    if let Some(text) = delta.text_of("thinking") {
        answer.add_reasoning(text)?;
    }
    if let Some(signature) = delta.text_of("signature")
        && let Some(block) = answer.reasoning.last_mut()
    {
        memory::append_text(&mut block.signature, signature)?;
    }
    Ok(())
}
