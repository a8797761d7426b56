//! The schema of an answer's text, as Anthropic takes it.

use clawft_types::json::{self, Node, Writer};

use crate::raw::Raw;

/// Constraints that Anthropic refuses. The model does not need them to answer in the right form.
const CONSTRAINTS: [&str; 11] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "uniqueItems",
];

/// Keywords whose members are schemas by names.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// Keywords whose value is a schema, or a list of them.
const NESTED: [&str; 4] = ["items", "anyOf", "allOf", "oneOf"];

/// Returns a schema without the constraints that Anthropic refuses, and whether there were any. Objects have no other
/// properties than those that are listed: Anthropic wants that to be said.
pub(super) fn adapted(schema: &Raw) -> (Raw, bool) {
    let Ok(document) = json::parse(schema.as_str().as_bytes()) else {
        return (schema.clone(), false);
    };
    let mut has_constraints = false;
    let adapted = Raw::written(|writer| write(Node::root(&document), writer, &mut has_constraints));
    (adapted, has_constraints)
}

fn write(node: Node<'_>, writer: &mut Writer, found: &mut bool) {
    if node.as_members().is_none() {
        return writer.value(node);
    }
    writer.object(|schema| {
        for (key, value) in node.each_member() {
            let is_constraint =
                CONSTRAINTS.contains(&key) || key == "minItems" && !matches!(value.as_whole(), Some(0 | 1));
            if is_constraint {
                *found = true;
            } else if NAMED.contains(&key) && value.as_members().is_some() {
                schema.member(key, |writer| {
                    writer.object(|named| {
                        for (name, value) in value.each_member() {
                            named.member(name, |writer| write(value, writer, found));
                        }
                    });
                });
            } else if NESTED.contains(&key) {
                schema.member(key, |writer| match value.as_items() {
                    Some(items) => writer.array(items, |writer, item| write(item, writer, found)),
                    None => write(value, writer, found),
                });
            } else {
                schema.member(key, |writer| writer.value(value));
            }
        }
        let is_object = node.text_of("type") == Some("object") || node.has("properties");
        if is_object && !node.has("additionalProperties") {
            schema.literal_member("additionalProperties", "false");
        }
    });
}
