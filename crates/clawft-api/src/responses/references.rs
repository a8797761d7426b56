//! Items that the input of a request names instead of repeating them.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::{
    json::{self, Node, Writer},
    memory,
};

use crate::{error::Error, raw::Raw};

/// Returns the identifiers of the items that the `input` of an OpenAI Responses request refers to, in its order. Empty
/// for any other body.
///
/// ```
/// use clawft_api::{item_references, with_items};
///
/// let body = br#"{"model":"m","input":[{"type":"item_reference","id":"msg_1"},{"role":"user","content":"Go on"}]}"#;
/// assert_eq!(item_references(body)?, ["msg_1"]);
/// let item = |_: &str| Some(r#"{"role":"assistant","content":"Hi"}"#);
/// assert_eq!(
///     String::from_utf8_lossy(&with_items(body, &item)?),
///     r#"{"model":"m","input":[{"role":"assistant","content":"Hi"},{"role":"user","content":"Go on"}]}"#,
/// );
/// # Ok::<(), clawft_api::Error>(())
/// ```
pub fn item_references(body: &[u8]) -> Result<Vec<String>, Error> {
    let document = json::parse_owned(memory::copy(body)?)?;
    let input = Node::root(&document).get("input").and_then(Node::as_items);
    let references = input.into_iter().flatten().filter_map(reference);
    Ok(references.map(String::from).collect())
}

/// Returns the body of a request with each reference replaced by the JSON text of the item that `find` returns. One
/// that it does not find stays.
pub fn with_items<'a>(body: &[u8], find: &dyn Fn(&str) -> Option<&'a str>) -> Result<Vec<u8>, Error> {
    let document = json::parse_owned(memory::copy(body)?)?;
    let mut writer = Writer::with_capacity(body.len())?;
    writer.object(|request| {
        for (key, value) in Node::root(&document).each_member() {
            let items = value.as_items().filter(|_| key == "input");
            request.member(key, |writer| match items {
                None => writer.value(value),
                Some(items) => writer.array(items, |writer, item| match reference(item).and_then(find) {
                    Some(found) => writer.literal(found),
                    None => writer.value(item),
                }),
            });
        }
    });
    Ok(writer.into_bytes())
}

/// Returns the items of a complete response, as JSON texts, with their identifiers.
pub fn output_items(response: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let document = json::parse_owned(memory::copy(response)?)?;
    let output = Node::root(&document).get("output").and_then(Node::as_items);
    let items = output.into_iter().flatten().filter_map(|item| {
        let id = item.text_of("id")?;
        Some((id.to_string(), Raw::of(item).into_text()))
    });
    Ok(items.collect())
}

/// Returns the identifier in a reference to an item. OpenAI lets the type be left out.
fn reference(item: Node<'_>) -> Option<&str> {
    let is_reference = match item.text_of("type") {
        Some(kind) => kind == "item_reference",
        None => item.get("role").is_none() && item.get("content").is_none(),
    };
    item.text_of("id").filter(|_| is_reference)
}
