//! The configuration file.
//!
//! ```json
//! {"agents": {"model": "gpt-4o-mini"},
//!  "providers": {"providers": {"openai": {"api_key_env": "OPENAI_API_KEY"}}}}
//! ```
//!
//! Unknown fields are accepted, and of several providers only the chosen one is read: the same file serves other programs.

mod read;

use crate::error::ConfigError;
use crate::json::{self, Node};
use crate::secret::Secret;
use crate::temperature::Temperature;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::time::Duration;

/// Everything a turn needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `agents`.
    pub agents: Agents,
    /// The one provider in use, out of `providers.providers`.
    pub provider: Provider,
}

/// How the agent speaks: `agents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agents {
    /// `model`, required: the model's name at the provider.
    pub model: String,
    /// `system_prompt`: standing instructions, sent before the conversation.
    pub system_prompt: Option<String>,
    /// `max_tokens`: the most tokens an answer may have.
    pub max_tokens: Option<u32>,
    /// `temperature`, 0 to 2.
    pub temperature: Option<Temperature>,
    /// `stream`: whether the answer is shown while it arrives. Not by default; an input can say otherwise.
    pub stream: bool,
    /// `context_tokens`, 100,000 by default: how much of the conversation a request may hold, counted at 4 bytes a token.
    pub context_tokens: u32,
}

/// Who is asked: one entry of `providers.providers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The entry's key.
    pub name: String,
    /// `kind`: the protocol.
    pub kind: Kind,
    /// `api_base`: http or https, without a slash at the end.
    pub api_base: String,
    /// `api_key`: the key itself. Used where `api_key_env` is not given.
    pub api_key: Option<Secret>,
    /// `api_key_env`: the environment variable that holds the key.
    pub api_key_env: Option<String>,
    /// `timeout_secs`, 30 by default: from the beginning of a turn, over all its attempts, until the answer is there or
    /// begins to be shown.
    pub timeout: Duration,
    /// `retries` after the first try, 2 by default.
    pub retries: u32,
    /// `max_response_bytes`, 10,000,000 by default: the most bytes of body that a response may have.
    pub max_response: usize,
}

/// The protocols clawft speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `openai`: chat completions as OpenAI and everyone compatible with it serve them.
    OpenAi,
    /// `anthropic`: Anthropic's messages.
    Anthropic,
}

impl Kind {
    /// All of them, as errors list them.
    pub const ALL: [Kind; 2] = [Kind::OpenAi, Kind::Anthropic];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::OpenAi => "openai",
            Kind::Anthropic => "anthropic",
        }
    }

    /// Where this protocol's own provider is, for configurations without `api_base`.
    pub fn default_base(self) -> &'static str {
        match self {
            Kind::OpenAi => "https://api.openai.com/v1",
            Kind::Anthropic => "https://api.anthropic.com/v1",
        }
    }
}

impl Config {
    /// Reads the file's `bytes`; `path` is for error messages only.
    ///
    /// Fails on what is not JSON, on missing fields and wrong types, and on values that cannot be meant: an empty model,
    /// a time-out of 0, a temperature above 2, an `api_base` that is no http or https URL or holds user info.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Config, ConfigError> {
        let read = json::parse(bytes).and_then(|tree| read::config(Node::root(&tree)));
        read.map_err(|cause| ConfigError { path: path.to_owned(), cause })
    }
}
