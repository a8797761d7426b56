//! Custom tools, which take free-form text, for models that know functions only.

use alloc::string::String;

use clawft_types::json::{self, Node};

use crate::raw::Raw;

/// The schema of the function: one text.
pub(crate) const SCHEMA: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;

/// Returns the addition to a description that tells the model about the format of the text.
pub(crate) fn format_note(format: Option<&Raw>) -> String {
    match format.map(Raw::as_str) {
        Some(format) if format.starts_with(r#"{"type":"grammar""#) => {
            ["\n\nThe member `input` has this format: ", format].concat()
        }
        _ => String::new(),
    }
}

/// Returns the input of the function.
pub(crate) fn wrapped(input: &str) -> Raw {
    Raw::written(|writer| writer.object(|object| object.text_member("input", input)))
}

/// Returns the text in the input of the function.
pub(crate) fn unwrapped(input: &str) -> Option<String> {
    let document = json::parse(input.as_bytes()).ok()?;
    Node::root(&document).text_of("input").map(String::from)
}
