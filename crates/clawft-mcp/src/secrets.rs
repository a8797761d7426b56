//! The values that a server is trusted with, and that no message may show.

use alloc::{string::String, vec::Vec};

use clawft_core::redact;
use clawft_types::{
    Secret,
    config::mcp::{McpSource, McpVariable},
    join,
};

use crate::error::McpError;

/// The secrets of one server.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    /// All values, each in a line of its own: no word of a message spans two of them.
    values: Secret,
}

impl Secrets {
    /// Returns the secrets among `values`, and one more.
    pub(crate) fn new(values: &[(String, Secret)], other: &str) -> Secrets {
        let mut all = String::from(other);
        for (_, value) in values {
            all.push('\n');
            all.push_str(value.expose());
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
    let mut resolved = Vec::new();
    for variable in variables {
        let value = match &variable.source {
            McpSource::Value(value) => value.clone(),
            McpSource::Variable(name) => match env(name).filter(|value| !value.trim().is_empty()) {
                Some(value) => Secret::new(value),
                None => {
                    let cause = join!("the environment variable `", name, "` is not set");
                    return Err(McpError::new(server, cause));
                }
            },
        };
        resolved.push((variable.name.clone(), value));
    }
    Ok(resolved)
}
