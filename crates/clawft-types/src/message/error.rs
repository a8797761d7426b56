//! The error of a user's message.

use alloc::{borrow::ToOwned as _, string::String};

use crate::{display_message, join, json::JsonError};

/// A user's message that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputError {
    /// Nothing but white space.
    Empty,
    /// A JSON message with a role other than `user`, or with fields that are not strings.
    Message(JsonError),
}

impl InputError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        match self {
            InputError::Empty => {
                "the message is empty: give a line of text, or `{\"role\":\"user\",\"content\":\"…\"}`, on standard input"
                    .to_owned()
            }
            InputError::Message(cause) => join!("the message is not usable: ", &cause.message()),
        }
    }
}

display_message!(InputError);

impl core::error::Error for InputError {}
