//! JSON: bytes to a tree, accessors that know where they are, and a writer.
//!
//! serde_json parses, and nothing else of serde is used, because of what that saves the component: the tree 5.5 KB against
//! `serde_json::Value` (no `BTreeMap`), the writer 5.8 KB against derived serializers (half of it the formatting of floats).
//! The tests hold both against serde_json. A parser of our own would save another 9 KB; it is not worth being wrong about
//! what JSON is.

mod node;
mod value;
mod write;

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};

pub use node::Node;
pub use value::Value;
pub use write::Writer;

use core::fmt;

/// What is wrong in a JSON text and where.
///
/// A single pointer, because nearly every result in this crate has room for one: as a plain enum it made the component 3.7 KB
/// larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError(Box<JsonFault>);

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
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

impl JsonError {
    /// What it is.
    pub fn fault(&self) -> &JsonFault {
        &self.0
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault() {
            JsonFault::Syntax { line, column, message } => write!(f, "{line}:{column}: not JSON, {message}"),
            JsonFault::Field { field, message } if field.is_empty() => f.write_str(message),
            JsonFault::Field { field, message } => write!(f, "{field}: {message}"),
        }
    }
}

impl From<JsonFault> for JsonError {
    fn from(fault: JsonFault) -> JsonError {
        JsonError(Box::new(fault))
    }
}

impl core::error::Error for JsonError {}

/// Reads `bytes` as one JSON value. Fails on anything else: syntax, invalid UTF-8, nesting deeper than 127.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let message = match core::str::from_utf8(bytes) {
            Ok("") => "the text is empty",
            Err(_) => "the text is not UTF-8",
            // serde_json ends its messages with the position, which is given apart here.
            Ok(_) => text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text),
        };
        let message = message.to_owned();
        JsonFault::Syntax { line, column, message }.into()
    })
}
