//! Builds without such arguments: tools that demand them are left out.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use clawft_core::Header;
use clawft_types::json::Node;

/// The annotation of a property, as a member in JSON.
const MARK: &[u8] = b"\"x-mcp-header\":";

/// A header and its argument, of which there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Param {}

/// Returns nothing, or the reason to leave the tool out.
pub(crate) fn read(schema: Node<'_>) -> Result<Vec<Param>, &'static str> {
    let text = schema.to_json().unwrap_or_default();
    if text.as_bytes().windows(MARK.len()).any(|part| part == MARK) {
        return Err("it demands arguments in headers, which only `weft` can send");
    }
    Ok(Vec::new())
}

impl Param {
    /// Returns the header for a call.
    pub(crate) fn argument(&self, _: Node<'_>) -> Option<Header> {
        match *self {}
    }
}

/// Returns a tool's name as a header's value. The names that are accepted fit.
pub(crate) fn encoded(text: &str) -> String {
    text.to_owned()
}
