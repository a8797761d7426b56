//! Answers in the protocol of OpenAI's chat completions, which compatible servers share.

use clawft_types::{
    join,
    json::{JsonError, Node},
    memory,
};

use super::{Answer, Failure, Fault, check};

/// The members of a message that hold reasoning. Servers send the same text under several of them, so the
/// first one that has any counts.
const REASONING: [&str; 5] = [
    ECHOED,
    "reasoning",
    "reasoning_details",
    "thinking",
    "thinking_blocks",
];

/// The member of DeepSeek and others that goes back beside calls.
const ECHOED: &str = "reasoning_content";

/// The members of a part of content that hold its text, or a list of parts.
const TEXTS: [&str; 6] = ["text", "thinking", "content", "summary", "refusal", "value"];

/// The levels of content in content: a list of parts, with a list of parts in one of them.
const DEPTH: u8 = 6;

/// Reads a whole completion, or a chunk of a stream:
/// `{"choices":[{"delta":{"content":"…"},"finish_reason":null}]}`. The chunk with the usage has no choices.
pub(super) fn read(body: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    let choices = body.get("choices");
    check(body, choices.is_none())?;
    // Groq's place for it comes second.
    if let Some(usage) = body.get("usage").or_else(|| body.get("x_groq")?.get("usage")) {
        answer.add_usage(usage);
    }
    let choices = match choices {
        None if !whole => return Ok(()),
        None => body.require("choices")?,
        Some(choices) => choices,
    };
    for choice in choices.items()? {
        // Of several choices the first one is the answer; a stream sends them by turns.
        let index = choice.whole_of("index").unwrap_or(0);
        if *answer.choice.get_or_insert(index) == index {
            return read_choice(choice, answer, whole);
        }
    }
    match whole {
        true => Err(Fault::Nothing),
        false => Ok(()),
    }
}

fn read_choice(choice: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), Fault> {
    check(choice, false)?;
    // Moonshot's place for it.
    if let Some(usage) = choice.get("usage") {
        answer.add_usage(usage);
    }
    if let Some(reason) = choice
        .text_of("finish_reason")
        .filter(|reason| !matches!(*reason, "" | "null"))
    {
        // Not every server explains its error.
        if let Some(status) = failed(reason) {
            return Err(Fault::Failure(Failure {
                message: join!("finish reason `", reason, "`"),
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
            // A filter may leave nothing but its reason.
            None if whole && answer.finish_reason.is_none() => Ok(choice.require("message").map(drop)?),
            None => Ok(()),
        },
    }
}

/// Returns the status that a finish reason stands for, if it is an error: OpenRouter's and Cohere's, vLLM's, GLM's,
/// DeepSeek's.
fn failed(reason: &str) -> Option<u16> {
    let is = |known: &&str| reason.eq_ignore_ascii_case(known);
    if ["error", "abort", "network_error"].iter().any(is) {
        return Some(500);
    }
    is(&"insufficient_system_resource").then_some(503)
}

fn read_message(message: Node<'_>, answer: &mut Answer, whole: bool) -> Result<(), JsonError> {
    let length = |answer: &Answer| answer.reasoning.last().map(|block| block.text.len());
    let before = length(answer);
    for key in REASONING {
        let Some(part) = message.get(key) else {
            continue;
        };
        read_part(part, answer, true, DEPTH)?;
        if length(answer) != before {
            answer.echoed = key == ECHOED;
            break;
        }
        // It goes back also if it is empty.
        answer.echoed |= key == ECHOED && before.is_none() && part.as_text().is_some();
    }
    if let Some(content) = message.get("content") {
        read_content(content, answer, false, DEPTH)?;
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

/// Reads a value that has to hold content: anything but a number or a boolean.
fn read_content(content: Node<'_>, answer: &mut Answer, reasoning: bool, depth: u8) -> Result<(), JsonError> {
    if content.as_items().is_none() && content.as_members().is_none() {
        content.text()?;
    }
    read_part(content, answer, reasoning, depth)
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
    answer.refused |= kind == "refusal";
    match TEXTS.iter().find_map(|key| part.get(key)) {
        Some(text) => read_content(text, answer, reasoning, depth),
        None => Ok(()),
    }
}
