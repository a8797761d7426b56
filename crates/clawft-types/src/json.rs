//! JSON: bytes to a checked document, accessors that know where they are, and a writer.
//!
//! All of it is our own, because of what that saves the component. serde_json took 9 KB of it, a tree that is up to ten times
//! as large as the text, and buffers whose allocation cannot fail softly. Here [`parse`] checks a text and brings it into a
//! form that needs no more memory than the text, and a [`Node`] finds its way in there. The tests and the fuzzer hold it
//! against serde_json.
//!
//! # Time
//!
//! Parsing takes time in proportion to the text. So does every accessor of a [`Node`] in proportion to the value that it is
//! called on, and an error in proportion to the text before it: a reader calls each a bounded number of times for each value,
//! and makes one error at most.

mod document;
mod node;
mod normalize;
mod write;

use alloc::boxed::Box;
use alloc::string::String;

pub use document::{Document, Value};
pub use node::Node;
pub use write::Writer;

use crate::memory::{self, NoMemory};
use alloc::vec::Vec;
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
        /// What is wrong.
        message: String,
    },
    /// JSON, but not what is expected there. Displays as `agents.model: expected a string, found a number`.
    Field {
        /// Keys and indices from the root, joined by dots; empty for the root.
        field: String,
        /// What is wrong.
        message: String,
    },
    /// The memory for what is read cannot be had.
    NoMemory(NoMemory),
    /// Reading was given up, because it took longer than the caller of [`parse_until`] waits.
    Late,
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
            JsonFault::NoMemory(error) => error.fmt(f),
            JsonFault::Late => f.write_str("reading it takes too long"),
        }
    }
}

impl From<JsonFault> for JsonError {
    fn from(fault: JsonFault) -> JsonError {
        JsonError(Box::new(fault))
    }
}

impl From<NoMemory> for JsonError {
    fn from(error: NoMemory) -> JsonError {
        JsonFault::NoMemory(error).into()
    }
}

impl core::error::Error for JsonError {}

/// Reads `bytes` as one JSON value. Fails on anything else: syntax, invalid UTF-8, nesting deeper than 127.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_owned(memory::copy(bytes)?)
}

/// [`parse`] in place, without a copy.
pub fn parse_owned(bytes: Vec<u8>) -> Result<Value, JsonError> {
    parse_until(bytes, &|| false)
}

/// [`parse_owned`] that is given up as soon as `late` returns true, and so is everything that is read from the document:
/// [`Document::finish`] tells. `late` is asked each time that some kilobytes have been gone over.
pub fn parse_until(bytes: Vec<u8>, late: &dyn Fn() -> bool) -> Result<Document<'_>, JsonError> {
    Ok(Document::new(normalize::normalize(bytes, late)?, late))
}
