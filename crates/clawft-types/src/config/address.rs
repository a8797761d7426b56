//! Addresses and queries.

use alloc::string::String;

use super::{Preset, read::absolute_url};
use crate::{
    json::{JsonError, Node},
    secret::Secret,
    text::Ascii as _,
};

/// The version of Azure's protocol if the configuration names none.
const AZURE_VERSION: &str = "2024-10-21";

/// Reads an absolute URL: the part to which a path can be appended, and the query. `keys` are the fields where
/// keys belong.
pub(super) fn split<'a>(node: Node<'a>, keys: &str) -> Result<(&'a str, &'a str), JsonError> {
    let whole = node.text()?;
    absolute_url(node, whole, true, keys)?;
    let (url, query) = whole.cut(b'?').unwrap_or((whole, ""));
    Ok((url.trim_end_matches('/'), query))
}

/// Returns the query to send: that of the address, the members of `query`, and `api-version` where Azure needs
/// one. A parameter that the address has is not repeated.
pub(super) fn query(
    provider: Node<'_>,
    preset: &Preset,
    base: &str,
    given: &str,
) -> Result<Secret, JsonError> {
    let mut query = String::from(given);
    if let Some(node) = provider.get("query") {
        node.object()?;
        for (name, value) in node.each_member() {
            append(&mut query, name, value.text()?);
        }
    }
    let named = || query.pieces(b'&').any(|pair| pair.starts_with("api-version="));
    match provider.get("api_version") {
        Some(version) => append(&mut query, "api-version", version.text()?),
        // Requests to `…/openai/v1` need no version.
        None if preset.is_azure() && !base.ends_with("/v1") && !named() => {
            append(&mut query, "api-version", AZURE_VERSION);
        }
        None => {}
    }
    Ok(Secret::new(query))
}

fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() && !query.ends_with("&") {
        query.push('&');
    }
    encode(query, name);
    query.push('=');
    encode(query, value);
}

/// Appends `text` to a URL, with all bytes percent-encoded that may have a meaning there.
pub fn encode(url: &mut String, text: &str) {
    let digit = |value: u8| {
        char::from(if value < 10 {
            b'0' + value
        } else {
            b'A' - 10 + value
        })
    };
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}
