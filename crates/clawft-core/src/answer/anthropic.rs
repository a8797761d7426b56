//! Answers in the protocol of Anthropic's messages.

use clawft_types::{
    Reasoning,
    json::{JsonError, Node},
    memory,
};

use super::{Answer, Fault, calls::Fragment, check};

/// Reads a whole message, or an event of a stream, whose kind follows from its members: `message_start` holds
/// a message with the usage of the request, `content_block_start` a block, `content_block_delta` a delta of
/// one, `message_delta` a delta with the stop reason and the usage of the answer.
pub(super) fn read(body: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    let message = body.get("message").filter(|_| !whole).unwrap_or(body);
    let content = message.get("content");
    let is_event = !whole && !matches!(body.text_of("type"), None | Some("error"));
    check(body, content.is_none() && !is_event)?;
    if let Some(usage) = message.get("usage") {
        answer.add_usage(usage);
    }
    if let Some(content) = content {
        read_content(content, answer)?;
    } else if whole && body.get("stop_reason").is_none() {
        body.require("content")?;
    }
    if let Some(block) = body.get("content_block") {
        read_block(block, body.whole_of("index"), answer)?;
    }
    let delta = body.get("delta");
    if let Some(delta) = delta {
        read_delta(delta, body.whole_of("index"), answer)?;
    }
    if let Some(reason) = delta.unwrap_or(message).text_of("stop_reason") {
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    Ok(())
}

fn read_content(content: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    match content.as_items() {
        Some(blocks) => {
            let mut numbered = (0..).zip(blocks);
            numbered.try_for_each(|(index, block)| read_block(block, Some(index), answer))
        }
        None => Ok(answer.add_text(content.text()?)?),
    }
}

/// Reads a block, the one with the number `index`. A stream sends the arguments of a call in deltas, after an
/// empty object.
fn read_block(block: Node<'_>, index: Option<u64>, answer: &mut Answer) -> Result<(), JsonError> {
    if block.text_of("type") == Some("tool_use") {
        let is_filled = |input: &Node<'_>| {
            input
                .as_members()
                .is_some_and(|mut members| members.next().is_some())
        };
        let input = block.get("input").filter(is_filled);
        let arguments = input
            .map(|input| input.to_json())
            .transpose()?
            .unwrap_or_default();
        return Ok(answer.calls.add(Fragment {
            index,
            id: block.text_of("id").unwrap_or_default(),
            name: block.text_of("name").unwrap_or_default(),
            arguments: &arguments,
            extra: "",
        })?);
    }
    if let Some(block) = Reasoning::read(block)? {
        memory::push(&mut answer.reasoning, block)?;
    } else if let Some(text) = block.get("text") {
        answer.add_text(text.text()?)?;
    }
    Ok(())
}

fn read_delta(delta: Node<'_>, index: Option<u64>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(arguments) = delta.text_of("partial_json") {
        answer.calls.add(Fragment {
            index,
            arguments,
            ..Fragment::default()
        })?;
    }
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
