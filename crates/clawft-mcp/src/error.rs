//! The error of an operation with a server.

use alloc::{borrow::ToOwned as _, string::String};
use core::time::Duration;

use clawft_types::{display_message, join, text::number};

/// The reason why a server cannot be used. Displays as ``MCP server `github`: it did not answer within 30 s``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpError {
    /// The server's name in the configuration.
    pub server: String,
    /// The cause, as a sentence fragment in one line without secrets.
    pub cause: String,
}

impl McpError {
    pub(crate) fn new(server: &str, cause: String) -> McpError {
        McpError {
            server: server.to_owned(),
            cause,
        }
    }
}

impl McpError {
    /// Returns the error message.
    pub fn message(&self) -> String {
        join!("MCP server `", &self.server, "`: ", &self.cause)
    }
}

display_message!(McpError);

/// Returns the cause that there was no answer in time.
pub(crate) fn late(timeout: Duration) -> String {
    join!("it did not answer within ", &number(timeout.as_secs()), " s")
}

impl core::error::Error for McpError {}
