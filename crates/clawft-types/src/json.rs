//! JSON: a parser to a checked document, accessors that name the field in every error, and a writer.
//!
//! All of it is our own, to keep the component small. serde_json took 9 KB, a tree up to ten times as large
//! as the text, and buffers whose failed allocation is not an error but an abort. Here [`parse`] checks a
//! text and normalises it in place, in no more memory than the text has, and a [`Node`] reads values from
//! that. Tests and a fuzz target compare it with serde_json.
//!
//! # Time
//!
//! Parsing takes time in proportion to the text. Every accessor of a [`Node`] takes time in proportion to the
//! value that it is called on, and making an error takes time in proportion to the text before it. A reader
//! calls each accessor a bounded number of times for each value, and makes at most one error.

mod document;
mod node;
mod normalize;
mod write;

use alloc::{borrow::ToOwned as _, boxed::Box, string::String};

use crate::{display_message, join, text::number};

pub use document::{Document, Value};
pub use node::Node;
pub use write::Writer;
pub(crate) use write::room;

use alloc::vec::Vec;

use crate::memory::{self, NoMemory};

/// An error in a JSON text, with its position.
///
/// A single pointer, because nearly every result in this crate reserves space for it: as a plain enum it made
/// the component 3.7 KB larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError(Box<JsonFault>);

/// The kinds of errors in a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// Invalid JSON. Displays as `3:14: not JSON, expected value`.
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// Column in bytes, counted from 1; 0 is the end of the previous line.
        column: usize,
        /// The error message.
        message: String,
    },
    /// Valid JSON of another shape than expected. Displays as `agents.model: expected a string, found a
    /// number`.
    Field {
        /// Keys and indices from the root, joined by dots; empty for the root.
        field: String,
        /// The error message.
        message: String,
    },
    /// There is no memory for the value.
    NoMemory(NoMemory),
    /// Reading was stopped, because it took longer than the caller of [`parse_until`] allows.
    Late,
}

impl JsonError {
    /// Returns the kind of the error.
    pub fn fault(&self) -> &JsonFault {
        &self.0
    }
}

impl JsonError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self.fault() {
            JsonFault::Syntax {
                line,
                column,
                message,
            } => join!(
                &number(*line as u64),
                ":",
                &number(*column as u64),
                ": not JSON, ",
                message
            ),
            JsonFault::Field { field, message } if field.is_empty() => message.clone(),
            JsonFault::Field { field, message } => join!(field, ": ", message),
            JsonFault::NoMemory(error) => error.message(),
            JsonFault::Late => "reading it takes too long".to_owned(),
        }
    }
}

display_message!(JsonError);

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

/// Parses `bytes` as one JSON value. Fails on syntax errors, invalid UTF-8 and nesting deeper than 127.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_owned(memory::copy(bytes)?)
}

/// Does the same as [`parse`] in place, without a copy.
pub fn parse_owned(bytes: Vec<u8>) -> Result<Value, JsonError> {
    parse_until(bytes, &|| false)
}

/// Does the same as [`parse_owned`], and stops as soon as `late` returns true. Reading from the document
/// stops as well; [`Document::finish`] reports it. `late` is called once for every few kilobytes that were
/// scanned.
pub fn parse_until(bytes: Vec<u8>, late: &dyn Fn() -> bool) -> Result<Document<'_>, JsonError> {
    Ok(Document::new(normalize::normalize(bytes, late)?, late))
}
