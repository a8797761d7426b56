//! The error of an operation with a server.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::string::ToString as _;
use clawft_types::join;
use core::fmt;
use core::time::Duration;

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

impl fmt::Display for McpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in ["MCP server `", &self.server, "`: ", &self.cause] {
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// Returns the cause that there was no answer in time.
pub(crate) fn late(timeout: Duration) -> String {
    let seconds = usize::try_from(timeout.as_secs()).unwrap_or_default();
    join!("it did not answer within ", &seconds.to_string(), " s")
}

impl core::error::Error for McpError {}
