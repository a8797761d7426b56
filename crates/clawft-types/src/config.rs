//! The configuration file.
//!
//! ```json
//! {"agents": {"model": "gpt-4o-mini"},
//!  "providers": {"providers": {"openai": {"api_key_env": "OPENAI_API_KEY"}}}}
//! ```
//!
//! Unknown fields are accepted, and only the selected provider is read: the same file can serve
//! other programs.

mod address;
mod error;
mod headers;
pub mod mcp;
mod models;
mod parameters;
mod preset;
mod read;
mod unknown;

pub use address::encode;
pub use error::ConfigError;
pub use headers::is_secret_name;
pub use mcp::{McpSource as HeaderSource, McpVariable as CustomHeader};
pub use models::{ModelEntry, ModelMap};
pub use preset::{PRESETS, Preset};
pub use unknown::{GATEWAY_FIELDS, misspelt, unknown_fields, warnings};

use alloc::{borrow::ToOwned as _, string::String, sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use crate::{
    json::{self, JsonError, Node},
    secret::Secret,
    temperature::Temperature,
};

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
    /// `kind`: the known provider whose settings are the defaults of all others.
    pub preset: &'static Preset,
    /// The protocol.
    pub kind: Kind,
    /// `api_base`: http or https, without a slash or a query at the end.
    pub api_base: String,
    /// `query`, and the query of `api_base`, in the form that is sent: `a=b&c=d`. It may hold keys.
    pub query: Secret,
    /// `api_key`: the key itself. Used if `api_key_env` is not given.
    pub api_key: Option<Secret>,
    /// `api_key_env`: the environment variable that holds the key.
    pub api_key_env: Option<String>,
    /// `auth`: the header that carries the key.
    pub auth: Auth,
    /// `headers` and `headers_env`: further headers, each name once.
    pub headers: Vec<CustomHeader>,
    /// `extra_body`, and the parameters of `agents` that clawft only passes on: a JSON object whose members
    /// replace those of the request. It may hold keys.
    pub extra_body: Secret,
    /// `max_tokens_field`: the name under which `max_tokens` is sent.
    pub max_tokens_field: String,
    /// Whether answers are requested as streams: yes, unless `extra_body` has `"stream": false`.
    pub stream: bool,
    /// `timeout_secs`, by default 30, or 300 for servers that load models: the time from the beginning of a
    /// turn, over all its attempts, until the first byte of the answer.
    pub timeout: Duration,
    /// `idle_timeout_secs`, 60 by default: the maximum time between two bytes of the answer.
    pub idle_timeout: Duration,
    /// `total_timeout_secs`, 600 by default: the time from the beginning of a turn until its end.
    pub total_timeout: Duration,
    /// The time for an answer that is no stream, and so has no first byte until it is complete: `timeout_secs` if it is
    /// given, else `total_timeout_secs`.
    pub whole_timeout: Duration,
    /// `retries` after the first attempt, 2 by default.
    pub retries: u32,
    /// `max_response_bytes`, 10,000,000 by default: the maximum size of a response body.
    pub max_response: usize,
    /// The options that the server has rejected. Clones share it.
    pub rejected: Rejected,
}

/// The protocols that clawft speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chat completions of OpenAI and compatible servers.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

impl Kind {
    /// Returns the address of the protocol's own provider.
    pub fn default_base(self) -> &'static str {
        match self {
            Kind::OpenAi => "https://api.openai.com/v1",
            Kind::Anthropic => "https://api.anthropic.com/v1",
        }
    }
}

/// The header that carries the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// A header of this name, in lower case, with the key alone.
    Header(String),
    /// No key is sent.
    None,
}

/// Options of a request that the server has rejected, and that the other requests of the run leave out.
#[derive(Debug, Clone, Default)]
pub struct Rejected(Arc<AtomicU8>);

impl Rejected {
    /// `stream_options`.
    pub const USAGE: u8 = 1;
    /// `stream`.
    pub const STREAM: u8 = 2;

    /// Returns whether the server has rejected `option`.
    pub fn has(&self, option: u8) -> bool {
        self.0.load(Ordering::Relaxed) & option != 0
    }

    /// Notes that the server has rejected `option`.
    pub fn add(&self, option: u8) {
        self.0.fetch_or(option, Ordering::Relaxed);
    }
}

/// All values are equal: what a server has rejected is no setting.
impl PartialEq for Rejected {
    fn eq(&self, _: &Rejected) -> bool {
        true
    }
}

impl Eq for Rejected {}

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
        let mut config = Config::empty();
        let read = json::parse(bytes).and_then(|tree| read::config(Node::root(&tree), &mut config));
        match read {
            Ok(()) => Ok(config),
            Err(cause) => Err(ConfigError {
                path: path.to_owned(),
                cause,
            }),
        }
    }

    /// Returns a configuration to fill.
    fn empty() -> Config {
        Config {
            agents: Agents {
                model: String::new(),
                system_prompt: None,
                max_tokens: None,
                temperature: None,
                stream: false,
                max_steps: 0,
                turn_tokens: None,
                turn_timeout: Duration::ZERO,
                context_tokens: 0,
            },
            provider: Provider::empty(),
        }
    }
}

impl Provider {
    /// Returns a provider to fill.
    fn empty() -> Provider {
        Provider {
            name: String::new(),
            preset: &preset::COMPATIBLE,
            kind: Kind::OpenAi,
            api_base: String::new(),
            query: Secret::empty(),
            api_key: None,
            api_key_env: None,
            auth: Auth::None,
            headers: Vec::new(),
            extra_body: Secret::empty(),
            max_tokens_field: String::new(),
            stream: true,
            timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            total_timeout: Duration::ZERO,
            whole_timeout: Duration::ZERO,
            retries: 0,
            max_response: 0,
            rejected: Rejected::default(),
        }
    }
}
