//! Answers in the protocol of OpenAI's chat completions, which compatible servers share.

use super::{Answer, Failure, Fault, check};
use clawft_types::completion::read_usage;
use clawft_types::json::{JsonError, Node};
use clawft_types::memory;

/// The members of a message that hold reasoning. Servers send the same text under several of them, so the
/// first one that has any counts.
const REASONING: [&str; 5] = [
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "thinking",
    "thinking_blocks",
];

/// The members of a part of content that hold its text, or a list of parts.
const TEXTS: [&str; 5] = ["text", "thinking", "content", "summary", "refusal"];

/// The levels of content in content: a list of parts, with a list of parts in one of them.
const DEPTH: u8 = 6;

/// Reads a whole completion, or a chunk of a stream:
/// `{"choices":[{"delta":{"content":"…"},"finish_reason":null}]}`. The chunk with the usage has no choices.
pub(super) fn read(body: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    let choices = body.get("choices");
    check(body, choices.is_none())?;
    if let Some(usage) = body.get("usage") {
        answer.usage = Some(read_usage(usage, answer.usage.unwrap_or_default()));
    }
    let choices = match choices {
        None if !whole => return Ok(()),
        None => body.require("choices")?,
        Some(choices) => choices,
    };
    match choices.items()?.next() {
        Some(choice) => read_choice(choice, answer, whole),
        None if whole => Err(Fault::Nothing),
        None => Ok(()),
    }
}

fn read_choice(choice: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    check(choice, false)?;
    if let Some(reason) = choice.text_of("finish_reason") {
        // Not every server explains its error.
        if let Some(status) = failed(reason) {
            return Err(Fault::Failure(Failure {
                message: ["finish reason `", reason, "`"].concat(),
                status: Some(status),
                delay: None,
            }));
        }
        answer.finish_reason = Some(memory::copy_text(reason)?);
    }
    match choice.get("delta").or_else(|| choice.get("message")) {
        Some(message) => Ok(read_message(message, answer, choice.get("delta").is_none())?),
        None => match choice.get("text") {
            Some(text) => Ok(answer.add_text(text.text()?)?),
            None if whole => choice.require("message").map(drop).map_err(Fault::from),
            None => Ok(()),
        },
    }
}

/// Returns the status that a finish reason stands for, if it is an error: OpenRouter's, vLLM's, DeepSeek's.
fn failed(reason: &str) -> Option<u16> {
    match reason {
        "error" | "abort" => Some(500),
        "insufficient_system_resource" => Some(503),
        _ => None,
    }
}

fn read_message(message: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), JsonError> {
    let length = |answer: &Answer| answer.reasoning.last().map(|block| block.text.len());
    let before = length(answer);
    for part in REASONING.iter().filter_map(|key| message.get(key)) {
        read_part(part, answer, true, DEPTH)?;
        if length(answer) != before {
            break;
        }
    }
    if let Some(content) = message.get("content") {
        if content.as_items().is_none() {
            content.text()?;
        }
        read_part(content, answer, false, DEPTH)?;
    }
    if let Some(refusal) = message.text_of("refusal").filter(|text| !text.is_empty()) {
        answer.refused = true;
        answer.add_text(refusal)?;
    }
    if let Some(mut calls) = message.get("tool_calls").and_then(Node::as_items) {
        calls.try_for_each(|call| answer.calls.read(call, whole))?;
    }
    // The older form, for a single call.
    if let Some(call) = message.get("function_call") {
        answer.calls.read(call, whole)?;
    }
    Ok(())
}

/// Reads a text, a part with a text, or a list of parts: `[{"type":"text","text":"…"}, …]`. Mistral's
/// reasoning is a part with a list of parts.
fn read_part(part: Node<'_>, answer: &mut Answer, reasoning: bool, depth: u8) -> Result<(), JsonError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Ok(());
    };
    if let Some(text) = part.as_text() {
        match reasoning {
            true => answer.add_reasoning(text)?,
            false => answer.add_text(text)?,
        }
        return Ok(());
    }
    if let Some(mut items) = part.as_items() {
        return items.try_for_each(|item| read_part(item, answer, reasoning, depth));
    }
    let kind = part.text_of("type").unwrap_or_default();
    let reasoning = reasoning || kind.starts_with("thinking") || kind.starts_with("reasoning");
    match TEXTS.iter().find_map(|key| part.get(key)) {
        Some(text) if text.as_items().is_none() => {
            text.text()?;
            read_part(text, answer, reasoning, depth)
        }
        Some(text) => read_part(text, answer, reasoning, depth),
        None => Ok(()),
    }
}
