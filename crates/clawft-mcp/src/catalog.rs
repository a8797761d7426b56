//! The tools that a server offers.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use clawft_types::ToolDefinition;

use crate::params::Param;

/// The tools of a server.
#[derive(Debug, Default, Clone)]
pub struct Catalog {
    pub(crate) tools: Vec<Tool>,
    pub(crate) warnings: Vec<String>,
    /// The time for which the list may be used without asking again.
    pub(crate) fresh: Duration,
}

impl Catalog {
    /// Returns the tools, for the model.
    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// Returns the tool that the model calls by `name`.
    pub fn find(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.definition.name == name)
    }

    /// Returns the reasons why tools are left out, as sentence fragments.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns whether the list, read `age` ago, can be used for another turn.
    pub fn is_fresh(&self, age: Duration) -> bool {
        age < self.fresh
    }
}

/// A tool of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The definition for the model.
    pub definition: ToolDefinition,
    /// The server's name of the tool: up to 128 visible ASCII characters.
    pub name: String,
    /// The name in the configuration's permissions: `mcp.github.search`.
    pub permission: String,
    /// The arguments that are sent as headers too.
    pub(crate) params: Vec<Param>,
}
