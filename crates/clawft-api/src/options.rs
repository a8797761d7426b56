//! Decisions that a request itself does not contain.

mod claude;

use alloc::string::{String, ToString as _};

use clawft_types::{Kind, Provider};

use crate::upstream::is_openai;

/// Decisions that a request itself does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Name of the model for the provider; `None` keeps the request's.
    pub model: Option<String>,
    /// Limit for Anthropic messages if the request has none: the dialect requires one.
    pub max_tokens: u64,
    /// Whether that limit is the maximum of the model, so that thinking has to fit into it.
    pub is_maximum: bool,
    /// Whether the model takes Anthropic's adaptive thinking with an effort. Otherwise an effort becomes a
    /// budget of tokens.
    pub adaptive_thinking: bool,
    /// Whether the model's thinking cannot be turned off.
    pub always_thinks: bool,
    /// Whether the model takes `temperature`, `top_p` and `top_k`. Otherwise they are ignored, with a warning.
    pub sampling: bool,
    /// Whether the model takes only one of `temperature` and `top_p`.
    pub single_sampling: bool,
    /// Whether the model takes messages of the role `system` after others. Otherwise they are moved to the system
    /// prompt, with a warning.
    pub system_messages: bool,
    /// Whether a chat completion's limit is called `max_tokens`, as in older servers.
    pub old_max_tokens: bool,
    /// Whether a server of chat completions knows custom tools. Otherwise they become functions with one text, as
    /// for Anthropic messages; the calls in the answer are turned back.
    pub custom_tools: bool,
}

impl Options {
    /// Returns what is known of a provider, and of its model by the name.
    pub fn of(provider: &Provider, model: &str) -> Options {
        let mut options = Options {
            model: Some(model.to_string()),
            // OpenAI's newer models reject the old name, and compatible servers may not know the new one.
            old_max_tokens: provider.max_tokens_field == "max_tokens",
            // Compatible servers know functions only.
            custom_tools: is_openai(provider),
            ..Options::default()
        };
        if provider.kind == Kind::Anthropic {
            claude::apply(model, &mut options);
        }
        options
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            model: None,
            max_tokens: 8192,
            is_maximum: false,
            adaptive_thinking: false,
            always_thinks: false,
            sampling: true,
            single_sampling: false,
            system_messages: false,
            old_max_tokens: false,
            custom_tools: true,
        }
    }
}
