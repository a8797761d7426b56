//! Decisions that a request itself does not contain.

use alloc::string::String;

/// Decisions that a request itself does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Name of the model for the provider; `None` keeps the request's.
    pub model: Option<String>,
    /// Limit for Anthropic messages if the request has none: the dialect requires one.
    pub max_tokens: u64,
    /// Whether the model takes Anthropic's adaptive thinking with an effort. Otherwise an effort becomes a
    /// budget of tokens.
    pub adaptive_thinking: bool,
    /// Whether the model takes messages of the role `system` after others. Otherwise they are moved to the system
    /// prompt, with a warning.
    pub system_messages: bool,
    /// Whether a chat completion's limit is called `max_tokens`, as in older servers.
    pub old_max_tokens: bool,
    /// Whether a server of chat completions knows custom tools. Otherwise they become functions with one text, as
    /// for Anthropic messages; the calls in the answer are turned back.
    pub custom_tools: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            model: None,
            max_tokens: 8192,
            adaptive_thinking: false,
            system_messages: false,
            old_max_tokens: false,
            custom_tools: true,
        }
    }
}
