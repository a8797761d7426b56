//! The result of a writer: a body, and the warnings about it.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use clawft_types::json::{self, JsonFault, Node, Writer};

use crate::{
    dialect::Dialect,
    error::Error,
    fields,
    raw::Field,
    request::{Content, Part, Request, Tool, ToolChoice, ToolInput},
};

/// A translated body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The body as JSON.
    pub body: Vec<u8>,
    /// The fields that were ignored or changed, in the order of the source.
    pub warnings: Vec<Warning>,
}

/// A field of the source that was ignored or changed. Displays as `seed: ignored, because …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Keys and indices from the root of the source, joined by dots.
    pub field: String,
    /// The error message.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The state of a writer: where it writes to, the warnings, and the first error.
///
/// Closures of a [`Writer`] return nothing, so the error waits here until the body is complete.
pub(crate) struct Translation {
    pub(crate) from: Dialect,
    pub(crate) to: Dialect,
    pub(crate) warnings: Vec<Warning>,
    error: Option<Error>,
    /// Whether a field without a counterpart is a warning instead of an error: an answer is not refused.
    is_lenient: bool,
    /// Whether custom tools become functions.
    pub(crate) wraps_custom: bool,
}

impl Translation {
    pub(crate) fn new(from: Dialect, to: Dialect) -> Translation {
        Translation {
            from,
            to,
            warnings: Vec::new(),
            error: None,
            is_lenient: false,
            wraps_custom: false,
        }
    }

    /// Returns the state of a writer of an answer, which warns instead of failing.
    pub(crate) fn lenient(from: Dialect, to: Dialect) -> Translation {
        Translation {
            is_lenient: true,
            ..Translation::new(from, to)
        }
    }

    /// Ends with the body, or with the first error.
    pub(crate) fn finish(self, writer: Writer) -> Result<Written, Error> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Written {
                body: writer.into_bytes(),
                warnings: self.warnings,
            }),
        }
    }

    pub(crate) fn warn(&mut self, field: &str, message: &str) {
        self.warnings.push(Warning {
            field: field.to_string(),
            message: message.to_string(),
        });
    }

    /// Notes that `field` is ignored.
    pub(crate) fn ignore(&mut self, field: &str) {
        let message = ["ignored, because ", &self.to.to_string(), " have no counterpart"].concat();
        self.warn(field, &message);
    }

    /// Fails because `field` has no counterpart.
    pub(crate) fn refuse(&mut self, field: &str) {
        if self.is_lenient {
            return self.ignore(field);
        }
        let message = [&self.to.to_string(), " have no counterpart"].concat();
        self.fail(field, &message);
    }

    /// Fails because a part has no counterpart, and tells its type if only the source's dialect has it.
    pub(crate) fn refuse_part(&mut self, part: &Part) {
        let document = match &part.content {
            Content::Other(raw) if !self.is_lenient => json::parse(raw.as_str().as_bytes()).ok(),
            _ => None,
        };
        let kind = document
            .as_ref()
            .and_then(|document| Node::root(document).text_of("type"));
        let to = self.to.to_string();
        let message = match kind {
            Some("item_reference") => "the item is not kept here, send the item itself".to_string(),
            Some(kind) => [&to, " have no counterpart of `", kind, "`"].concat(),
            None => return self.refuse(&part.path),
        };
        self.fail(&part.path, &message);
    }

    /// Fails with `message` about `field`, unless there is an error already.
    pub(crate) fn fail(&mut self, field: &str, message: &str) {
        self.error.get_or_insert_with(|| {
            JsonFault::Field {
                field: field.to_string(),
                message: message.to_string(),
            }
            .into()
        });
    }

    /// Writes the members that the target has too, and warns or fails for the others.
    pub(crate) fn fields(&mut self, writer: &mut Writer, fields: &[Field]) {
        for field in fields {
            match fields::fate(field, self.from, self.to) {
                fields::Fate::Write(key) => writer.literal_member(key, field.value.as_str()),
                fields::Fate::Omit => {}
                fields::Fate::Ignore => self.ignore(&field.path),
                fields::Fate::Refuse => self.refuse(&field.path),
            }
        }
    }

    /// Does the same as [`Translation::fields`] for the members of the body. Those of objects in it are written by
    /// [`Translation::nested`], if the dialect stays the same.
    pub(crate) fn top_level(&mut self, writer: &mut Writer, fields: &[Field]) {
        for field in fields {
            if self.from != self.to || field.path == field.key {
                self.fields(writer, core::slice::from_ref(field));
            }
        }
    }

    /// Writes the members of the body's object `parent` again, if the dialect stays the same.
    pub(crate) fn nested(&mut self, writer: &mut Writer, fields: &[Field], parent: &str) {
        for field in fields {
            let below = field
                .path
                .strip_prefix(parent)
                .and_then(|rest| rest.strip_prefix('.'));
            if self.from == self.to && below == Some(&field.key) {
                self.fields(writer, core::slice::from_ref(field));
            }
        }
    }

    /// Writes the body's object `parent` with the members that it had, if the dialect stays the same.
    pub(crate) fn nested_in(&mut self, writer: &mut Writer, fields: &[Field], parent: &str) {
        let is_below = |field: &Field| {
            field
                .path
                .strip_prefix(parent)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        if self.from == self.to && fields.iter().any(is_below) {
            writer.member(parent, |writer| {
                writer.object(|object| self.nested(object, fields, parent));
            });
        }
    }

    /// Returns the choice among the tools to write. Without tools that the target knows, there is none; but a choice
    /// of a tool that the provider runs is refused.
    pub(crate) fn choice<'a>(&mut self, request: &'a Request) -> Option<&'a ToolChoice> {
        let is_known = |tool: &Tool| !matches!(tool.input, ToolInput::Hosted(_));
        let choice = request.tool_choice.as_ref()?;
        if self.from == self.to {
            return Some(choice);
        }
        if matches!(choice, ToolChoice::Other(_)) {
            self.refuse("tool_choice");
            return None;
        }
        if request.tools.iter().any(is_known) {
            return Some(choice);
        }
        if !matches!(choice, ToolChoice::Auto | ToolChoice::None) {
            self.warn("tool_choice", "ignored, because no tool is left");
        }
        None
    }

    /// Warns or fails for members that there is no place for, even if the target has them.
    pub(crate) fn discard(&mut self, fields: &[Field]) {
        self.fields(&mut Writer::default(), fields);
    }
}
