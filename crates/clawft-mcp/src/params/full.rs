//! The arguments as headers.

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};

use clawft_core::{Header, HeaderValue};
use clawft_types::{join, json::Node};

use crate::limits::MAX_HEADER;

/// The annotation of a property, as a member in JSON.
const MARK: &[u8] = b"\"x-mcp-header\":";

/// The deepest property that is looked at, and the most headers of a tool.
const MAX_DEPTH: usize = 8;
const MAX_PARAMS: usize = 16;

/// The marks of an encoded value.
const ENCODED: (&str, &str) = ("=?base64?", "?=");

/// A header, and the argument whose value it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Param {
    /// In lower case: `mcp-param-region`.
    header: String,
    /// The names of the members that lead to the argument.
    path: Vec<String>,
}

/// Reads the annotations of a schema. The error is the reason to leave the tool out, which the protocol demands
/// for annotations that cannot be followed.
pub(crate) fn read(schema: Node<'_>) -> Result<Vec<Param>, &'static str> {
    const WRONG: &str = "an `x-mcp-header` in its schema is not valid";
    let mut params = Vec::new();
    properties(schema, &mut Vec::new(), &mut params).ok_or(WRONG)?;
    // Each of them has to be one that was found, so none is where the value could not be looked up.
    let text = schema.to_json().map_err(|_| WRONG)?;
    let marks = text.as_bytes().windows(MARK.len()).filter(|part| *part == MARK);
    if marks.count() == params.len() {
        Ok(params)
    } else {
        Err(WRONG)
    }
}

/// Finds the annotated properties of `schema`; `None` if one is not valid.
fn properties(schema: Node<'_>, path: &mut Vec<String>, params: &mut Vec<Param>) -> Option<()> {
    if path.len() == MAX_DEPTH {
        return Some(());
    }
    let Some(members) = schema.get("properties") else {
        return Some(());
    };
    for (name, property) in members.each_member() {
        path.push(name.to_owned());
        if let Some(annotation) = property.get("x-mcp-header") {
            let header = header(annotation.as_text()?)?;
            let fits = matches!(property.text_of("type")?, "string" | "integer" | "boolean");
            if !fits || params.len() == MAX_PARAMS || params.iter().any(|known| known.header == header) {
                return None;
            }
            params.push(Param {
                header,
                path: path.clone(),
            });
        }
        properties(property, path, params)?;
        path.pop();
    }
    Some(())
}

/// Returns the header's name for the annotation `name`.
fn header(name: &str) -> Option<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let valid = !name.is_empty() && name.len() <= MAX_HEADER && name.bytes().all(token);
    valid.then(|| join!("mcp-param-", &name.to_ascii_lowercase()))
}

impl Param {
    /// Returns the header for a call with these `arguments`; `None` if the argument is not given.
    pub(crate) fn argument(&self, arguments: Node<'_>) -> Option<Header> {
        let argument = self
            .path
            .iter()
            .try_fold(arguments, |node, name| node.get(name))?;
        let value = match argument.as_text() {
            Some(text) => encoded(text),
            // A number or a boolean. An array or an object is not what the schema asks for.
            None => argument
                .to_json()
                .ok()
                .filter(|json| !json.starts_with(['{', '[']))?,
        };
        (value.len() <= MAX_HEADER).then(|| Header {
            name: Cow::Owned(self.header.clone()),
            value: HeaderValue::Plain(value),
        })
    }
}

/// Returns `text` as a header's value: itself, or encoded if a header cannot hold it.
pub(crate) fn encoded(text: &str) -> String {
    let (start, end) = ENCODED;
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && text.trim() == text
        && !(text.starts_with(start) && text.ends_with(end));
    if plain {
        text.to_owned()
    } else {
        [start, &base64(text.as_bytes()), end].concat()
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * position) & 63) as usize);
            let given = position <= group.len();
            text.push(if given {
                digit.map_or('=', |digit| char::from(*digit))
            } else {
                '='
            });
        }
    }
    text
}
