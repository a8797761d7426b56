//! JSON values that grow while the parts of a stream arrive.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString as _},
    vec::Vec,
};

use clawft_types::json::{Node, Writer};

use crate::raw::Raw;

/// Strings that name something and are not parts of a text. The first one counts, because some servers repeat them in
/// each part.
const NAMES: [&str; 5] = ["id", "type", "role", "name", "object"];

/// The number of elements, from the end of a list, among which one with the same index is looked for.
const SEARCHED: usize = 64;

/// A value that grows.
#[derive(Debug)]
pub(crate) enum Growing {
    /// A number, `true`, `false`, or a value that does not grow.
    Fixed(Raw),
    /// A string, to which later ones are appended.
    Text(String),
    /// A list, to which the elements of later ones are appended. Those with the index of a known element grow it.
    List(Vec<(Option<u64>, Growing)>),
    /// An object, whose members grow.
    Object(Members),
}

/// The members of an object that grows, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Members {
    members: Vec<(String, Growing)>,
    positions: BTreeMap<String, usize>,
}

impl Growing {
    /// Returns a copy of `node`.
    pub(crate) fn of(node: Node<'_>) -> Growing {
        if let Some(text) = node.as_text() {
            return Growing::Text(text.to_string());
        }
        if let Some(items) = node.as_items() {
            let mut list = Vec::new();
            items.for_each(|item| extend(&mut list, item));
            return Growing::List(list);
        }
        if node.as_members().is_some() {
            let mut members = Members::default();
            members.grow(node);
            return Growing::Object(members);
        }
        Growing::Fixed(Raw::of(node))
    }

    /// Returns `null`.
    pub(crate) fn null() -> Growing {
        Growing::Fixed(Raw::written(|writer| writer.literal("null")))
    }

    /// Adds a later part of the value. A text beside a list becomes one of the list's parts, as Mistral has them.
    fn grow(&mut self, more: Node<'_>) {
        match self {
            Growing::Text(text) => match more.as_text() {
                Some(more) => text.push_str(more),
                None if text.is_empty() => *self = Growing::of(more),
                None => {
                    let mut list = Vec::from([(None, part(text))]);
                    more.as_items()
                        .into_iter()
                        .flatten()
                        .for_each(|item| extend(&mut list, item));
                    *self = Growing::List(list);
                }
            },
            Growing::List(list) => match more.as_text() {
                Some("") => {}
                Some(text) => list.push((None, part(text))),
                None => more
                    .as_items()
                    .into_iter()
                    .flatten()
                    .for_each(|item| extend(list, item)),
            },
            Growing::Object(members) => members.grow(more),
            Growing::Fixed(_) => *self = Growing::of(more),
        }
    }

    /// Writes the value.
    pub(crate) fn write(&self, writer: &mut Writer) {
        match self {
            Growing::Fixed(raw) => writer.literal(raw.as_str()),
            Growing::Text(text) => writer.text(text),
            Growing::List(list) => writer.array(list, |writer, (_, item)| item.write(writer)),
            Growing::Object(members) => writer.object(|object| members.write(object)),
        }
    }
}

/// Returns a text as a part of a content.
fn part(text: &str) -> Growing {
    Growing::Fixed(Raw::written(|writer| {
        writer.object(|part| {
            part.text_member("type", "text");
            part.text_member("text", text);
        });
    }))
}

/// Adds an element to a list. One without an index does not grow.
fn extend(list: &mut Vec<(Option<u64>, Growing)>, item: Node<'_>) {
    let Some(index) = item.whole_of("index") else {
        return list.push((None, Growing::Fixed(Raw::of(item))));
    };
    let mut last = list.iter_mut().rev().take(SEARCHED);
    match last.find(|(known, _)| *known == Some(index)) {
        Some((_, known)) => known.grow(item),
        None => list.push((Some(index), Growing::of(item))),
    }
}

impl Members {
    /// Adds the members of an object that are not `null`.
    pub(crate) fn grow(&mut self, object: Node<'_>) {
        for (key, value) in object.each_member() {
            self.grow_member(key, value);
        }
    }

    /// Adds a later part of a member. The first of several names counts.
    pub(crate) fn grow_member(&mut self, key: &str, value: Node<'_>) {
        match self.get_mut(key) {
            _ if value.is_null() => {}
            Some(Growing::Text(name)) if NAMES.contains(&key) && !name.is_empty() => {}
            Some(known) => known.grow(value),
            None => self.set(key, Growing::of(value)),
        }
    }

    /// Replaces a member, or adds it, unless it is `null`.
    pub(crate) fn replace(&mut self, key: &str, value: Node<'_>) {
        if !value.is_null() {
            self.set(key, Growing::Fixed(Raw::of(value)));
        }
    }

    /// Replaces a member, or adds it.
    pub(crate) fn set(&mut self, key: &str, value: Growing) {
        match self.get_mut(key) {
            Some(known) => *known = value,
            None => {
                self.positions.insert(key.to_string(), self.members.len());
                self.members.push((key.to_string(), value));
            }
        }
    }

    /// Adds a member, unless there is one.
    pub(crate) fn or(&mut self, key: &str, json: &str) {
        if self.get(key).is_none() {
            self.set(key, Growing::Fixed(Raw::written(|writer| writer.literal(json))));
        }
    }

    /// Adds an element to a member that is a list.
    pub(crate) fn push(&mut self, key: &str, item: Node<'_>) {
        match self.get_mut(key) {
            Some(Growing::List(list)) => extend(list, item),
            _ => {
                let mut list = Vec::new();
                extend(&mut list, item);
                self.set(key, Growing::List(list));
            }
        }
    }

    /// Returns whether a member that does not grow has this value.
    pub(crate) fn is(&self, key: &str, json: &str) -> bool {
        matches!(self.get(key), Some(Growing::Fixed(raw)) if raw.as_str() == json)
    }

    /// Returns a member.
    pub(crate) fn get(&self, key: &str) -> Option<&Growing> {
        let position = self.positions.get(key)?;
        self.members.get(*position).map(|(_, value)| value)
    }

    /// Returns a member to change it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Growing> {
        let position = self.positions.get(key)?;
        self.members.get_mut(*position).map(|(_, value)| value)
    }

    /// Returns a member that is a string and not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Growing::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Writes the members into an object.
    pub(crate) fn write(&self, object: &mut Writer) {
        for (key, value) in &self.members {
            object.member(key, |writer| value.write(writer));
        }
    }
}

#[cfg(test)]
mod tests {
    use clawft_types::json;

    use super::*;

    fn grown(parts: &[&str]) -> String {
        let mut members = Members::default();
        for part in parts {
            members.grow(Node::root(&json::parse(part.as_bytes()).unwrap()));
        }
        Raw::written(|writer| writer.object(|object| members.write(object))).into_text()
    }

    #[test]
    fn texts_lists_and_objects_grow() {
        let parts = [
            r#"{"a":"x","l":[1],"o":{"t":"p","n":1},"z":null}"#,
            r#"{"a":"y","l":[2],"o":{"t":"q","n":2,"m":{}},"z":true}"#,
        ];
        assert_eq!(
            grown(&parts),
            r#"{"a":"xy","l":[1,2],"o":{"t":"pq","n":2,"m":{}},"z":true}"#
        );
    }

    #[test]
    fn first_name_that_is_given_counts() {
        let parts = [
            r#"{"role":"","id":"a"}"#,
            r#"{"role":"assistant","id":"a"}"#,
            r#"{"role":"x"}"#,
        ];
        assert_eq!(grown(&parts), r#"{"role":"assistant","id":"a"}"#);
    }

    #[test]
    fn elements_with_an_index_grow() {
        let parts = [
            r#"{"l":[{"index":0,"text":"a"},{"index":1,"text":"b"}]}"#,
            r#"{"l":[{"index":0,"text":"c"},{"text":"d"}]}"#,
        ];
        let expected = r#"{"l":[{"index":0,"text":"ac"},{"index":1,"text":"b"},{"text":"d"}]}"#;
        assert_eq!(grown(&parts), expected);
    }

    #[test]
    fn text_beside_parts_is_a_part() {
        let thought = r#"{"content":[{"type":"thinking","thinking":[]}]}"#;
        let whole = r#"{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"hi"}]}"#;
        assert_eq!(
            grown(&[
                r#"{"content":""}"#,
                thought,
                r#"{"content":"hi"}"#,
                r#"{"content":""}"#
            ]),
            whole
        );
        let other = r#"{"content":[{"type":"text","text":"hi"},{"type":"thinking","thinking":[]}]}"#;
        assert_eq!(grown(&[r#"{"content":"hi"}"#, thought]), other);
    }
}
