//! Reading a tree: accessors that know where they are, so that every error names the field.

use super::{JsonError, JsonFault, Value};
use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::ptr;

/// A place in a JSON tree.
///
/// Two references and nothing to drop: the path, which only errors need, is searched for when one is made. Carried along as
/// text it made the component some kilobytes larger.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
}

impl<'a> Node<'a> {
    /// The root of a tree.
    pub fn root(value: &'a Value) -> Node<'a> {
        Node { root: value, value }
    }

    fn at(self, value: &'a Value) -> Node<'a> {
        Node { value, ..self }
    }

    /// The member `key`. Absent and `null` are the same: many programs write `null` for what they leave out.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| !matches!(value, Value::Null))?;
        Some(self.at(value))
    }

    /// The member `key`, which must be there.
    pub fn require(self, key: &str) -> Result<Node<'a>, JsonError> {
        match (self.get(key), self.value) {
            (Some(node), _) => Ok(node),
            (None, Value::Object(_)) => {
                let field = join(&self.path(), key);
                Err(JsonFault::Field { field, message: "missing".to_owned() }.into())
            }
            (None, _) => Err(self.expected("an object")),
        }
    }

    /// The keys of an object's members, in the order of the text.
    pub fn keys(self) -> Result<Vec<&'a str>, JsonError> {
        match self.value {
            Value::Object(members) => Ok(members.iter().map(|(key, _)| key.as_str()).collect()),
            _ => Err(self.expected("an object")),
        }
    }

    /// Returns the elements of an array, `None` for any other value. Unlike [`Node::items`] it makes no error, which costs
    /// a search for the path.
    pub fn as_items(self) -> Option<impl Iterator<Item = Node<'a>>> {
        let Value::Array(items) = self.value else { return None };
        Some(items.iter().map(move |value| self.at(value)))
    }

    /// Returns the text of a string, `None` for any other value. Unlike [`Node::text`] it makes no error.
    pub fn as_text(self) -> Option<&'a str> {
        match self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn items(self) -> Result<impl Iterator<Item = Node<'a>>, JsonError> {
        self.as_items().ok_or_else(|| self.expected("an array"))
    }

    /// The text of a string.
    pub fn text(self) -> Result<&'a str, JsonError> {
        self.as_text().ok_or_else(|| self.expected("a string"))
    }

    /// The text of the member `key`, if it is there and a string.
    pub fn text_of(self, key: &str) -> Option<&'a str> {
        match self.value.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The member `key`, if it is there and a whole number.
    pub fn whole_of(self, key: &str) -> Option<u64> {
        match self.value.get(key) {
            Some(Value::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn flag(self) -> Result<bool, JsonError> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number from 0 on.
    pub fn whole(self) -> Result<u64, JsonError> {
        match self.value {
            Value::Whole(number) => Ok(*number),
            _ => Err(self.expected("a whole number")),
        }
    }

    /// Any number.
    pub fn number(self) -> Result<f64, JsonError> {
        match self.value {
            Value::Whole(number) => Ok(*number as f64),
            Value::Number(number) => Ok(*number),
            _ => Err(self.expected("a number")),
        }
    }

    /// An error at this place. `message` is a sentence fragment in lower case.
    pub fn error(self, message: impl Into<String>) -> JsonError {
        JsonFault::Field { field: self.path(), message: message.into() }.into()
    }

    /// The found value is named by its type only: it may be a key that slipped into the wrong field.
    fn expected(self, what: &str) -> JsonError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Whole(_) | Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.error(["expected ", what, ", found ", found].concat())
    }

    /// Keys and indices from the root, joined by dots.
    fn path(self) -> String {
        path(self.root, self.value).unwrap_or_default()
    }
}

/// The path to `target`, the very same value and not an equal one, in `tree`.
fn path(tree: &Value, target: &Value) -> Option<String> {
    if ptr::eq(tree, target) {
        return Some(String::new());
    }
    match tree {
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let rest = path(item, target)?;
            Some(join(&index.to_string(), &rest))
        }),
        Value::Object(members) => {
            members.iter().find_map(|(key, value)| Some(join(key, &path(value, target)?)))
        }
        _ => None,
    }
}

fn join(path: &str, rest: &str) -> String {
    match (path, rest) {
        ("", only) | (only, "") => only.to_owned(),
        _ => [path, ".", rest].concat(),
    }
}
