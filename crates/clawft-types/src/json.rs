//! JSON: bytes to a tree, accessors that know where they are, and a writer.
//!
//! serde_json parses, and nothing else of serde is used. In a probe with the whole of this crate and the turn in it, a tree
//! of our own in place of `serde_json::Value` made the component 5.5 KB smaller (no `BTreeMap`), and a writer of our own in
//! place of derived serializers 5.8 KB (half of it the formatting of floats), of 165 KB in all.

mod node;
mod value;
mod write;

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};

pub use node::Node;
pub use value::Value;
pub use write::Writer;

use core::fmt;
use serde_json::error::Category;

/// What is wrong in a JSON text and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON. Displays as `3:14: not JSON, expected value`.
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// Column in bytes, counted from 1; 0 is the end of the line before.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// JSON, but not what is expected there. Displays as `agents.model: expected a string, found a number`.
    Field {
        /// Keys and indices from the root, joined by dots; empty for the root.
        field: String,
        /// What is wrong.
        message: String,
    },
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonError::Syntax { line, column, message } => write!(f, "{line}:{column}: not JSON, {message}"),
            JsonError::Field { field, message } if field.is_empty() => f.write_str(message),
            JsonError::Field { field, message } => write!(f, "{field}: {message}"),
        }
    }
}

impl core::error::Error for JsonError {}

/// Reads `bytes` as one JSON value. Fails on anything else: syntax, invalid UTF-8, nesting deeper than 128.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message = match error.classify() {
            Category::Eof if bytes.is_empty() => "the text is empty".to_owned(),
            // serde_json ends its messages with the position, which is given apart here.
            _ => {
                let text = error.to_string();
                text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned()
            }
        };
        JsonError::Syntax { line: error.line(), column: error.column(), message }
    })
}
