//! The schema of a tool's arguments.

use alloc::string::String;

use clawft_types::json::{Node, Writer};

use crate::limits::MAX_SCHEMA;

/// Returns the schema for the model: the server's own, with the members `type` and `properties` that some
/// providers require, and without the dialect, which others refuse. The error is the reason why it cannot be used.
pub(crate) fn read(schema: Option<Node<'_>>) -> Result<String, &'static str> {
    let Some(members) = schema.and_then(Node::as_members) else {
        return Err("it has no schema");
    };
    let root = schema.filter(|schema| schema.text_of("type").is_none_or(|name| name == "object"));
    let Some(root) = root else {
        return Err("its arguments are no object");
    };
    if root.to_json().is_ok_and(|text| text.len() <= MAX_SCHEMA) {
        Ok(written(root, members))
    } else {
        Err("its schema is too large")
    }
}

fn written<'a>(root: Node<'a>, members: impl Iterator<Item = (&'a str, Node<'a>)>) -> String {
    let mut writer = Writer::default();
    writer.object(|writer| {
        writer.text_member("type", "object");
        match root.get("properties") {
            Some(properties) => writer.member("properties", |writer| writer.value(properties)),
            None => writer.literal_member("properties", "{}"),
        }
        for (key, value) in members {
            if !["type", "properties", "$schema"].contains(&key) {
                writer.member(key, |writer| writer.value(value));
            }
        }
    });
    String::from_utf8(writer.into_bytes()).unwrap_or_default()
}
