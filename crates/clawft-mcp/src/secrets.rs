//! The values that a server is trusted with, and that no message may show.

use crate::error::McpError;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use clawft_core::redact;
use clawft_types::Secret;
use clawft_types::config::mcp::{McpSource, McpVariable};

/// The secrets of one server.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    /// All values, each in a line of its own: no word of a message spans two of them.
    values: Secret,
}

impl Secrets {
    pub(crate) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Secrets {
        let mut all = String::new();
        for value in values {
            all.push_str(value);
            all.push('\n');
        }
        Secrets {
            values: Secret::new(all),
        }
    }

    /// Returns `text` as one short line in which no secret can be read.
    pub(crate) fn redact(&self, text: &str) -> String {
        redact::one_line(text, Some(&self.values))
    }
}

/// Returns names and values of `variables`. `env` reads an environment variable.
pub(crate) fn resolve(
    server: &str,
    variables: &[McpVariable],
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<(String, Secret)>, McpError> {
    let value = |variable: &McpVariable| {
        let value = match &variable.source {
            McpSource::Value(value) => value.clone(),
            McpSource::Variable(name) => {
                let missing = || {
                    McpError::new(
                        server,
                        ["the environment variable `", name, "` is not set"].concat(),
                    )
                };
                Secret::new(
                    env(name)
                        .filter(|value| !value.trim().is_empty())
                        .ok_or_else(missing)?,
                )
            }
        };
        Ok((variable.name.to_owned(), value))
    };
    variables.iter().map(value).collect()
}
