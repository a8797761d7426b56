//! The error of a configuration.

use alloc::string::String;

use crate::{
    display_message, join,
    json::{JsonError, JsonFault},
};

/// An unusable configuration: `/config/config.json:3:14: not JSON, expected value` for a syntax error,
/// `/config/config.json: agents.model: expected a string, found a number` for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as the caller named it.
    pub path: String,
    /// The error and its position in the file.
    pub cause: JsonError,
}

impl ConfigError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        let colon = match self.cause.fault() {
            JsonFault::Syntax { .. } => ":",
            _ => ": ",
        };
        join!(&self.path, colon, &self.cause.message())
    }
}

display_message!(ConfigError);

impl core::error::Error for ConfigError {}
