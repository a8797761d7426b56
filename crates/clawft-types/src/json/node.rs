//! Reading a tree: accessors that know the path of what they look at, so that every error names the field.

use super::{JsonError, Value};
use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// A place in a JSON tree: the value there and the path to it.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The root of a tree.
    pub fn root(value: &'a Value) -> Node<'a> {
        Node { value, path: String::new() }
    }

    /// The member `key`. Absent and `null` are the same: many programs write `null` for what they leave out.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| !matches!(value, Value::Null))?;
        Some(Node { value, path: self.path_to(key) })
    }

    /// The member `key`, which must be there.
    pub fn require(&self, key: &str) -> Result<Node<'a>, JsonError> {
        match (self.get(key), self.value) {
            (Some(node), _) => Ok(node),
            (None, Value::Object(_)) => {
                Err(JsonError::Field { field: self.path_to(key), message: "missing".to_owned() })
            }
            (None, _) => Err(self.expected("an object")),
        }
    }

    /// The keys of an object's members, in the order of the text.
    pub fn keys(&self) -> Result<Vec<&'a str>, JsonError> {
        match self.value {
            Value::Object(members) => Ok(members.iter().map(|(key, _)| key.as_str()).collect()),
            _ => Err(self.expected("an object")),
        }
    }

    /// The elements of an array.
    pub fn items(&self) -> Result<Vec<Node<'a>>, JsonError> {
        let Value::Array(items) = self.value else { return Err(self.expected("an array")) };
        let node = |(index, value): (usize, _)| Node { value, path: self.path_to(&index.to_string()) };
        Ok(items.iter().enumerate().map(node).collect())
    }

    /// The text of a string.
    pub fn text(&self) -> Result<&'a str, JsonError> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.expected("a string")),
        }
    }

    /// A whole number from 0 on.
    pub fn whole(&self) -> Result<u64, JsonError> {
        match self.value {
            Value::Whole(number) => Ok(*number),
            _ => Err(self.expected("a whole number")),
        }
    }

    /// Any number.
    pub fn number(&self) -> Result<f64, JsonError> {
        match self.value {
            Value::Whole(number) => Ok(*number as f64),
            Value::Number(number) => Ok(*number),
            _ => Err(self.expected("a number")),
        }
    }

    /// An error at this place. `message` is a sentence fragment in lower case.
    pub fn error(&self, message: impl Into<String>) -> JsonError {
        JsonError::Field { field: self.path.clone(), message: message.into() }
    }

    /// The found value is named by its type only: it may be a key that slipped into the wrong field.
    fn expected(&self, what: &str) -> JsonError {
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

    fn path_to(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => [path, ".", key].concat(),
        }
    }
}
