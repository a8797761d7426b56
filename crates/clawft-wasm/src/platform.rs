//! The agent's platform: reads configuration and session, sends the request, stores the answer.

use std::time::Duration;

use clawft_core::Reply;
use clawft_store::{Sessions, clock::Stopwatch, random, sessions::Warn};
use clawft_tools::toolbox::line;
use clawft_types::{
    Config, ConfigError, Input, Provider, Session, SessionId, ToolCall, ToolResult, Usage, join,
    json::{self, Node},
};

use crate::{
    agent_turn::{self, Report, Setup, ToolConfig},
    console,
    driver::{Driver, Output},
    env::WasiEnvironment,
    error::Error,
    fs::{DEFAULT_BASE, WasiFileSystem},
};

/// The environment variable that overrides [`DEFAULT_BASE`].
pub const BASE_VARIABLE: &str = "CLAWFT_CONFIG_DIR";

/// The number of bytes of an answer from which on they are shown although more has arrived.
const MAX_PENDING: usize = 4096;

/// The configuration file below the base directory.
const CONFIG: &str = "config.json";

/// The model's answer.
#[derive(Debug)]
pub struct Answer {
    /// The complete text. Empty only with a `warning`.
    pub text: String,
    /// Whether the complete text was shown while it arrived.
    pub shown: bool,
    /// The reason why the answer broke off, as a sentence fragment; `None` if it is complete. If it broke
    /// off, `text` is the part that arrived.
    pub incomplete: Option<String>,
    /// The warning that the answer ended for another reason than that it was complete, or has no text: a
    /// sentence fragment.
    pub warning: Option<String>,
    /// The reason why the turn is not stored, as a sentence fragment; `None` if it is.
    pub unstored: Option<String>,
    /// The model that was asked.
    pub model: String,
    /// The finish reason, if the provider sends one.
    pub finish_reason: Option<String>,
    /// The token usage, if the provider sends it.
    pub usage: Option<Usage>,
}

impl Answer {
    /// Returns the text, for callers that have no other way to learn that it is incomplete. A truncated text
    /// counts as an answer.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the answer broke off, or has no text.
    pub fn whole(self) -> Result<String, Error> {
        match self.incomplete.or(self.warning.filter(|_| self.text.is_empty())) {
            None => Ok(self.text),
            Some(cause) => Err(Error::Incomplete {
                cause,
                text: self.text,
            }),
        }
    }
}

/// A part of a turn, to be shown while it goes on.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// The next text of a streamed answer.
    Text(&'a str),
    /// A call of a tool begins.
    Call(&'a ToolCall),
    /// A call is over.
    Result(&'a ToolCall, &'a ToolResult),
}

/// Shows a part of a turn.
pub type Show<'a> = &'a mut dyn FnMut(Part<'_>);

/// The agent on its host's files, environment and HTTP.
pub struct WasmPlatform {
    sessions: Sessions,
    env: WasiEnvironment,
    /// Overrides the timeout in the configuration.
    timeout: Option<Duration>,
    /// Overrides the model in the configuration.
    model: Option<String>,
    /// Whether answers are shown while they arrive, whatever the configuration says.
    stream: Option<bool>,
    /// The configuration, in place of the file.
    configuration: Option<String>,
}

impl Default for WasmPlatform {
    fn default() -> Self {
        Self::new()
    }
}

impl WasmPlatform {
    /// Returns a platform with the host's environment, and with files below the directory in
    /// [`BASE_VARIABLE`] or below [`DEFAULT_BASE`].
    pub fn new() -> Self {
        Self::with_env(WasiEnvironment::from_host())
    }

    /// Does the same as [`Self::new`] with `env` in place of the host's environment.
    pub fn with_env(env: WasiEnvironment) -> Self {
        let fs = WasiFileSystem::with_base_path(env.get(BASE_VARIABLE).unwrap_or(DEFAULT_BASE));
        Self {
            sessions: Sessions::new(fs),
            env,
            timeout: None,
            model: None,
            stream: None,
            configuration: None,
        }
    }

    /// Asks this model in place of the configured one.
    ///
    /// # Errors
    /// If the name is empty.
    pub fn set_model(&mut self, model: String) -> Result<(), String> {
        if model.trim().is_empty() {
            return Err("the model's name is empty".to_owned());
        }
        self.model = Some(model);
        Ok(())
    }

    /// Sets whether answers are shown while they arrive, unless a message asks for something else.
    pub fn set_stream(&mut self, stream: Option<bool>) {
        self.stream = stream;
    }

    /// Sets the configuration that is used in place of the file.
    pub fn set_configuration(&mut self, json: Option<String>) {
        self.configuration = json;
    }

    /// Returns a platform with the host's environment, files below `base_path`, and `timeout` for the first
    /// byte of each answer in place of the configured one.
    pub fn with_config(base_path: &str, timeout: Duration) -> Self {
        Self {
            sessions: Sessions::new(WasiFileSystem::with_base_path(base_path)),
            env: WasiEnvironment::from_host(),
            timeout: Some(timeout),
            model: None,
            stream: None,
            configuration: None,
        }
    }

    /// Returns the files.
    pub fn fs(&self) -> &WasiFileSystem {
        self.sessions.fs()
    }

    /// Returns the sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns the environment.
    pub fn env(&self) -> &WasiEnvironment {
        &self.env
    }

    /// Answers `message`, plain text or `{"role":"user","content":"…"}`, and stores both in `session`. `show` gets
    /// the calls of tools, and the deltas of an answer that is streamed.
    ///
    /// Waits between retries. Prints to standard error: a line for each call of a tool; warnings if a damaged session
    /// is kept aside, if a server of tools does not answer, and if the answer cannot be stored, in which case it is
    /// returned anyway.
    ///
    /// # Errors
    /// If there is no answer; the session is then unchanged, unless tools were called.
    pub fn answer(&self, session: SessionId, message: &str, show: Show<'_>) -> Result<Answer, Error> {
        let watch = Stopwatch::start();
        let setup = self.setup(session, message)?;
        let known = setup.session.messages.len();
        let model = setup.config.agents.model.clone();
        if let Some(text) = plain_key(&setup.config.provider) {
            warn(text);
        }
        let mut driver = Driver::new(setup, watch);
        let mut reply = match drive(&mut driver, show) {
            Ok(reply) => reply,
            Err(error) => {
                // The next turn has to know what the tools have done.
                if let Some(session) = driver.take_unfinished() {
                    self.keep(&session, known, &mut warn);
                }
                return Err(error);
            }
        };
        let unstored = self.keep(&reply.session, known, &mut warn);
        Ok(Answer {
            shown: reply.streamed,
            incomplete: reply.incomplete.take(),
            warning: reply.warning.take(),
            finish_reason: reply.finish_reason.take(),
            usage: reply.usage,
            model,
            unstored,
            text: reply.into_text(),
        })
    }

    /// Reads everything that a turn needs.
    ///
    /// # Errors
    /// If the configuration, the message or the session cannot be used.
    pub fn setup(&self, session: SessionId, message: &str) -> Result<Setup, Error> {
        let (config, tools) = self.config()?;
        Ok(Setup {
            config,
            tools,
            host: agent_turn::host(self.fs().home_dir()),
            host_tools: Vec::new(),
            env: self.env.clone(),
            input: Input::parse(message)?,
            session: self.sessions.load(session)?,
            jitter: jitter(),
        })
    }

    /// Stores the messages that a turn has added to a session of `known` messages. If that fails, the answer
    /// is still returned: `warn` gets a message, and the cause is returned.
    pub(crate) fn keep(&self, session: &Session, known: usize, warn: Warn<'_>) -> Option<String> {
        let cause = self.sessions.store(session, known, warn).err()?.message();
        warn(&join!("the answer is not stored, ", &cause));
        Some(cause)
    }

    fn config(&self) -> Result<(Config, ToolConfig), Error> {
        let (path, bytes) = match &self.configuration {
            Some(json) => ("the configuration".to_owned(), json.clone().into_bytes()),
            None => {
                let read = self.fs().read(CONFIG);
                let bytes = read.map_err(|error| match self.fs().exists("") {
                    true => Error::NoConfig(error),
                    false => Error::NoBase(error),
                })?;
                (self.fs().resolve(CONFIG)?, bytes)
            }
        };
        let mut config = Config::parse(&path, &bytes)?;
        config.provider.timeout = self.timeout.unwrap_or(config.provider.timeout);
        config.agents.stream = self.stream.unwrap_or(config.agents.stream);
        if let Some(model) = &self.model {
            config.agents.model.clone_from(model);
        }
        match json::parse(&bytes).and_then(|document| ToolConfig::read(Node::root(&document))) {
            Ok(tools) => Ok((config, tools)),
            Err(cause) => Err(ConfigError { path, cause }.into()),
        }
    }
}

fn warn(text: &str) {
    console::say("warning", text);
}

/// Performs a turn to its end.
fn drive(driver: &mut Driver, show: Show<'_>) -> Result<Box<Reply>, Error> {
    // What arrives together is shown together, because each time costs more than reading it.
    let mut pending = String::new();
    let mut sink = |output: Output<'_>| {
        let mut is_paused = false;
        match output {
            Output::Text(text) => pending.push_str(&text),
            Output::Pause => is_paused = true,
            Output::Report(Report::Warning(text)) => warn(text),
            Output::Report(Report::Call(call)) => {
                console::say("tool", &line(call));
                show(Part::Call(call));
            }
            Output::Report(Report::Result(call, result)) => show(Part::Result(call, result)),
            // The command has no tools of its own.
            Output::Reasoning(_) | Output::Again(_) | Output::Call(_) => {}
        }
        if !pending.is_empty() && (is_paused || pending.len() >= MAX_PENDING) {
            show(Part::Text(&pending));
            pending.clear();
        }
    };
    loop {
        if let Some(reply) = driver.advance(&mut sink)? {
            return Ok(reply);
        }
    }
}

/// Returns the warning that the API key is sent without TLS, if it is. A build without HTTP sends nothing.
pub(crate) fn plain_key(provider: &Provider) -> Option<&'static str> {
    (cfg!(any(not(target_env = "p1"), test)) && shows_key(provider, &provider.api_base))
        .then_some("the API key is sent without TLS, use `https://` in `api_base`")
}

/// Returns whether the request sends the API key unencrypted beyond this machine. An address that begins like
/// one of this machine counts as one: parsing it would add 200 bytes to the component.
fn shows_key(provider: &Provider, url: &str) -> bool {
    const OWN: [&str; 4] = ["127.", "localhost:", "localhost/", "[::1]"];
    let has_key =
        provider.api_key.is_some() || provider.api_key_env.is_some() || !provider.headers.is_empty();
    let beyond = |rest: &str| !OWN.iter().any(|own| rest.starts_with(own));
    has_key && url.strip_prefix("http://").is_some_and(beyond)
}

/// Returns a random number, so that clients that failed together do not retry together.
#[expect(clippy::cast_possible_truncation, reason = "any bits of the number will do")]
fn jitter() -> u32 {
    random::number() as u32
}

#[cfg(test)]
mod tests;
