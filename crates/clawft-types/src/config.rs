//! The configuration file.
//!
//! ```json
//! {"agents": {"model": "gpt-4o-mini"},
//!  "providers": {"providers": {"openai": {"api_key_env": "OPENAI_API_KEY"}}}}
//! ```
//!
//! Unknown fields are accepted, and only the selected provider is read: the same file can serve other
//! programs.

pub mod mcp;
mod read;

use crate::error::ConfigError;
use crate::json::{self, JsonError, Node};
use crate::secret::Secret;
use crate::temperature::Temperature;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The complete configuration of a turn.
///
/// ```
/// use clawft_types::{Config, Kind};
///
/// # fn main() -> Result<(), clawft_types::ConfigError> {
/// let file = br#"{"agents": {"model": "llama3.2", "temperature": 0.7},
///     "providers": {"providers": {"local": {"api_base": "http://127.0.0.1:11434/v1", "api_key": "sk-secret"}}}}"#;
/// let config = Config::parse("config.json", file)?;
/// assert_eq!(config.agents.model, "llama3.2");
/// assert_eq!((config.provider.name.as_str(), config.provider.kind), ("local", Kind::OpenAi));
/// assert_eq!(config.provider.timeout.as_secs(), 30);
/// // A key has no way to be printed.
/// assert!(!format!("{config:?}").contains("sk-secret"));
///
/// let error = Config::parse("config.json", br#"{"agents": {"model": "llama3.2"}}"#).unwrap_err();
/// assert_eq!(error.to_string(), "config.json: providers: missing");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `agents`.
    pub agents: Agents,
    /// The selected provider out of `providers.providers`.
    pub provider: Provider,
}

/// `agents`: settings of the model and the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agents {
    /// `model`, required: the model's name at the provider.
    pub model: String,
    /// `system_prompt`: the system prompt, sent before the conversation.
    pub system_prompt: Option<String>,
    /// `max_tokens`: the maximum number of tokens in an answer.
    pub max_tokens: Option<u32>,
    /// `temperature`, 0 to 2.
    pub temperature: Option<Temperature>,
    /// `stream`: whether the answer is shown while it arrives. False by default; an input can override it.
    pub stream: bool,
    /// `max_steps`, 16 by default: how many times the model may call tools in a turn.
    pub max_steps: u32,
    /// `turn_tokens`: the number of tokens of a turn, by the provider's count, after which no tool is called.
    pub turn_tokens: Option<u32>,
    /// `turn_timeout_secs`, 1800 by default: the time from the beginning of a turn after which no tool is called.
    pub turn_timeout: Duration,
    /// `context_tokens`, 100,000 by default: the maximum size of the conversation in a request, at 4 bytes a
    /// token.
    pub context_tokens: u32,
}

/// One entry of `providers.providers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The entry's key.
    pub name: String,
    /// `kind`: the protocol.
    pub kind: Kind,
    /// `api_base`: http or https, without a slash at the end.
    pub api_base: String,
    /// `api_key`: the key itself. Used if `api_key_env` is not given.
    pub api_key: Option<Secret>,
    /// `api_key_env`: the environment variable that holds the key.
    pub api_key_env: Option<String>,
    /// `timeout_secs`, 30 by default: the time from the beginning of a turn, over all its attempts, until the
    /// answer is complete or its first text is shown.
    pub timeout: Duration,
    /// `retries` after the first attempt, 2 by default.
    pub retries: u32,
    /// `max_response_bytes`, 10,000,000 by default: the maximum size of a response body.
    pub max_response: usize,
}

/// The protocols that clawft speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `openai`: chat completions of OpenAI and compatible servers.
    OpenAi,
    /// `anthropic`: Anthropic's messages.
    Anthropic,
}

impl Kind {
    /// All protocols, in the order of error messages.
    pub const ALL: [Kind; 2] = [Kind::OpenAi, Kind::Anthropic];

    /// Returns the name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::OpenAi => "openai",
            Kind::Anthropic => "anthropic",
        }
    }

    /// Returns the address of the protocol's own provider, for configurations without `api_base`.
    pub fn default_base(self) -> &'static str {
        match self {
            Kind::OpenAi => "https://api.openai.com/v1",
            Kind::Anthropic => "https://api.anthropic.com/v1",
        }
    }
}

impl Config {
    /// Reads every entry of `providers.providers` below the `root` of the file, each with its name. Entries that
    /// are not selected may belong to other programs, so each has a result of its own.
    pub fn providers(root: Node<'_>) -> Vec<(String, Result<Provider, JsonError>)> {
        read::providers(root)
    }

    /// Reads the file's `bytes`; `path` is used in error messages only.
    ///
    /// Fails on invalid JSON, missing fields, wrong types and invalid values: an empty model, a timeout of 0,
    /// a temperature above 2, an `api_base` that is not an http or https URL or that holds user info.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Config, ConfigError> {
        let read = json::parse(bytes).and_then(|tree| read::config(Node::root(&tree)));
        read.map_err(|cause| ConfigError {
            path: path.to_owned(),
            cause,
        })
    }
}
