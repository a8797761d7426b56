//! Values that a translation carries along without looking into them.

use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString as _},
};

use clawft_types::json::{Node, Writer};

use crate::path::Path;

/// A JSON value as compact text. The order of members and the digits of numbers are those of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(String);

impl Raw {
    /// Returns a copy of `node`.
    pub fn of(node: Node<'_>) -> Raw {
        Raw::written(|writer| writer.value(node))
    }

    /// Returns the format of a custom tool in the form of OpenAI Responses. Chat completions have an object around
    /// the members of a grammar.
    pub(crate) fn of_format(node: Node<'_>) -> Raw {
        if node.text_of("type") != Some("grammar") {
            return Raw::of(node);
        }
        let grammar = node.get("grammar").unwrap_or(node);
        Raw::written(|writer| {
            writer.object(|format| {
                format.text_member("type", "grammar");
                for key in ["syntax", "definition"] {
                    format.text_member(key, grammar.text_of(key).unwrap_or_default());
                }
            });
        })
    }

    /// Returns the value that `write` writes.
    pub fn written(write: impl FnOnce(&mut Writer)) -> Raw {
        let mut writer = Writer::default();
        write(&mut writer);
        Raw(String::from_utf8(writer.into_bytes()).unwrap_or_default())
    }

    /// Writes the members of this value, an object, into another one.
    pub(crate) fn write_members(&self, writer: &mut Writer) {
        let members = self.0.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if let Some(member) = members.filter(|members| !members.is_empty()) {
            writer.literal(member);
            writer.literal(",");
        }
    }

    /// Returns the JSON text without a copy.
    pub fn into_text(self) -> String {
        self.0
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A member that only some dialects have, or that none of them is known to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the member.
    pub key: String,
    /// Keys and indices from the root of the source, joined by dots.
    pub path: String,
    /// Value, never `null`.
    pub value: Raw,
}

impl Field {
    pub(crate) fn new(path: &Path<'_>, key: &str, value: Node<'_>) -> Field {
        Field {
            key: key.to_owned(),
            path: path.key(key).to_string(),
            value: Raw::of(value),
        }
    }
}
