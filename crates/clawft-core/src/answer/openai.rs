//! Answers in the protocol of OpenAI's chat completions, which compatible servers share.

use super::{Answer, Fault};
use clawft_types::CompletionResponse;
use clawft_types::completion::read_usage;
use clawft_types::json::{JsonError, Node};
use clawft_types::memory;

pub(super) fn answer(body: Node<'_>) -> Result<Answer, Fault> {
    let response = CompletionResponse::read(body)?;
    let Some(choice) = response.choice else {
        return Err(body.error("choices is empty").into());
    };
    let text = choice
        .message
        .content
        .filter(|text| !text.is_empty())
        .or(choice.message.refusal);
    Ok(Answer {
        text: text.unwrap_or_default(),
        finish_reason: choice.finish_reason,
        usage: response.usage,
    })
}

/// Reads a chunk: `{"choices":[{"delta":{"content":"…"},"finish_reason":null}]}`. The chunk with the usage
/// has no choices.
pub(super) fn event(chunk: Node<'_>, answer: &mut Answer) -> Result<(), JsonError> {
    if let Some(usage) = chunk.get("usage") {
        answer.usage = Some(read_usage(usage));
    }
    let Some(choices) = chunk.get("choices") else {
        return Ok(());
    };
    let Some(choice) = choices.items()?.next() else {
        return Ok(());
    };
    if let Some(delta) = choice.get("delta") {
        for key in ["content", "refusal"] {
            if let Some(text) = delta.get(key) {
                memory::append_text(&mut answer.text, text.text()?)?;
            }
        }
    }
    if let Some(reason) = choice.text_of("finish_reason") {
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    Ok(())
}
