//! Helpers of the readers.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::{json::Node, memory};

use crate::{
    error::Error,
    path::Path,
    raw::{Field, Raw},
    request::{Content, Part, Source},
};

/// Returns the members of an object without those that are `null`.
pub(crate) fn members<'a>(node: Node<'a>) -> Result<impl Iterator<Item = (&'a str, Node<'a>)>, Error> {
    node.object()?;
    let members = node.as_members().into_iter().flatten();
    Ok(members.filter(|(_, value)| !value.is_null()))
}

/// Returns a copy of a string.
pub(crate) fn text(node: Node<'_>) -> Result<String, Error> {
    Ok(memory::copy_text(node.text()?)?)
}

/// Returns a copy of the member `key`, a string; empty if it is missing.
pub(crate) fn text_of(node: Node<'_>, key: &str) -> Result<String, Error> {
    node.get(key).map_or(Ok(String::new()), text)
}

/// Returns the member `key`, which is a JSON text: the input of a function. Some servers send the object itself. Empty
/// if it is missing.
pub(crate) fn json_text_of(node: Node<'_>, key: &str) -> Result<String, Error> {
    match node.get(key) {
        Some(value) if value.as_members().is_some() => Ok(Raw::of(value).into_text()),
        value => value.map_or(Ok(String::new()), text),
    }
}

/// Returns a string, or the strings of an array.
pub(crate) fn texts(node: Node<'_>) -> Result<Vec<String>, Error> {
    match node.as_text() {
        Some(_) => Ok([text(node)?].into()),
        None => list(node, &Path::ROOT, |item, _| text(item)),
    }
}

/// Returns the parts of a content: one for a string, else those that `read` reads from the elements.
pub(crate) fn parts(
    node: Node<'_>,
    path: &Path<'_>,
    read: fn(Node<'_>, &Path<'_>) -> Result<Part, Error>,
) -> Result<Vec<Part>, Error> {
    if node.as_text().is_some() {
        return Ok([Part::new(Content::Text(text(node)?), path)].into());
    }
    list(node, path, read)
}

/// Returns the elements of an array, each read by `read`.
pub(crate) fn list<T>(
    node: Node<'_>,
    path: &Path<'_>,
    read: fn(Node<'_>, &Path<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    for (index, item) in node.items()?.enumerate() {
        list.push(read(item, &path.index(index))?);
    }
    Ok(list)
}

/// Returns the object with the members of `node`: the one in its member `key`, as chat completions have it, or the node
/// itself, as OpenAI Responses have it.
pub(crate) fn inner<'a>(node: Node<'a>, key: &str) -> Node<'a> {
    node.get(key)
        .filter(|inner| inner.as_members().is_some())
        .unwrap_or(node)
}

/// Returns the members of an object whose keys are not in `known`.
pub(crate) fn rest(node: Node<'_>, path: &Path<'_>, known: &[&str]) -> Result<Vec<Field>, Error> {
    let others = members(node)?.filter(|(key, _)| !known.contains(key));
    Ok(others.map(|(key, value)| Field::new(path, key, value)).collect())
}

/// Returns the source that `url` names: the content itself if it is a data URL with base64.
pub(crate) fn source(url: &str) -> Result<Source, Error> {
    let (scheme, rest) = url.split_at_checked("data:".len()).unwrap_or_default();
    let data = scheme.eq_ignore_ascii_case("data:").then(|| rest.split_once(','));
    let data = data.flatten().and_then(|(head, data)| {
        let (media_type, encoding) = head.rsplit_once(';')?;
        let media_type = media_type.split(';').next().unwrap_or_default();
        encoding
            .trim_ascii()
            .eq_ignore_ascii_case("base64")
            .then_some((media_type.trim_ascii(), data))
    });
    Ok(match data {
        // Names of types are the same in capitals, and providers compare them without parameters.
        Some((media_type, data)) => Source::Data {
            media_type: media_type.to_ascii_lowercase(),
            data: memory::copy_text(data)?,
        },
        None => Source::Url(memory::copy_text(url)?),
    })
}

impl Part {
    /// Returns a part without other members.
    pub(crate) fn new(content: Content, path: &Path<'_>) -> Part {
        Part {
            content,
            path: path.to_string(),
            extra: Vec::new(),
        }
    }

    /// Returns the text of a text part.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}
