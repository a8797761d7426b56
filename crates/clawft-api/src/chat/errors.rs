//! Errors in place of a chunk or of a chat completion, in the shapes that servers give them.

use alloc::string::String;

use clawft_types::{failure, json::Node};

use crate::error_body::{ErrorBody, ErrorKind};

/// Finish reasons that stand for an error, with its status: OpenRouter's and Cohere's, vLLM's, GLM's, DeepSeek's.
const FAILED: [(&str, u16); 4] = [
    ("error", 502),
    ("abort", 502),
    ("network_error", 502),
    ("insufficient_system_resource", 503),
];

/// Returns the error that a chunk or a chat completion reports; `None` if it is part of an answer. Some servers send an
/// empty error beside a good answer.
pub(crate) fn error(root: Node<'_>) -> Option<ErrorBody> {
    let nested = root.get("error").and_then(|_| ErrorBody::of_node(root));
    if let Some(error) = nested {
        return told(error, root);
    }
    if root.get("choices").is_none() {
        // vLLM's errors have no object around them.
        return told(ErrorBody::of_members(root), root);
    }
    None
}

/// Returns the error of a choice, which routers report beside the text so far.
pub(crate) fn error_of_choice(choice: Node<'_>) -> Option<ErrorBody> {
    let nested = choice.get("error").and_then(|_| ErrorBody::of_node(choice));
    if let Some(error) = nested.and_then(|error| told(error, choice)) {
        return Some(error);
    }
    let reason = choice.text_of("finish_reason")?;
    let (_, status) = FAILED
        .iter()
        .find(|(known, _)| reason.eq_ignore_ascii_case(known))?;
    let message = [
        "the provider ended the answer with the finish reason `",
        reason,
        "`",
    ]
    .concat();
    Some(ErrorBody::new(ErrorKind::of_status(*status), &message))
}

/// Returns the error, if it tells what happened.
fn told(mut error: ErrorBody, node: Node<'_>) -> Option<ErrorBody> {
    if error.message.is_empty() {
        error.message = failure::message(node);
    }
    let has_status = || node.get("error").and_then(failure::status).is_some();
    let is_told = !error.message.is_empty() || has_status();
    if error.message.is_empty() {
        error.message = String::from("the provider failed");
    }
    is_told.then_some(error)
}
