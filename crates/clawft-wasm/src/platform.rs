//! The agent's platform: reads configuration and session, sends the request, stores the answer.

mod error;

pub use error::{Error, INCOMPLETE};

use crate::console;
use crate::env::WasiEnvironment;
use crate::fs::{DEFAULT_BASE, WasiFileSystem};
use crate::http::{HttpError, Part, WasiHttpClient};
use clawft_core::{Clock, Event, HttpRequest, Reply, Step, TransportError, Turn};
use clawft_store::clock::{self, Stopwatch};
use clawft_store::sessions::Warn;
use clawft_store::{Sessions, random};
use clawft_types::{Config, Input, Provider, Session, SessionId};
use std::ops::ControlFlow;
use std::time::Duration;

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

/// Everything that a turn needs.
struct Prepared {
    config: Config,
    input: Input,
    session: Session,
    /// The number of messages in the session.
    known: usize,
}

/// A turn that has begun.
pub(crate) struct Begun {
    /// The state machine.
    pub(crate) turn: Turn<'static>,
    /// The first request.
    pub(crate) request: HttpRequest,
    /// The number of messages in the session before the turn.
    pub(crate) known: usize,
}

/// Shows a delta of the answer while it arrives.
pub type Show<'a> = &'a mut dyn FnMut(&str);

/// The agent on its host's files, environment and HTTP.
pub struct WasmPlatform {
    sessions: Sessions,
    env: WasiEnvironment,
    /// Overrides the timeout in the configuration.
    timeout: Option<Duration>,
    /// Overrides the model in the configuration.
    model: Option<String>,
    /// Whether answers are shown while they arrive, whatever the configuration says.
    stream: bool,
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
            stream: false,
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

    /// Shows answers while they arrive, unless a message asks for something else.
    pub fn set_stream(&mut self) {
        self.stream = true;
    }

    /// Returns a platform with the host's environment, files below `base_path`, and `timeout` for the first
    /// byte of each answer in place of the configured one.
    pub fn with_config(base_path: &str, timeout: Duration) -> Self {
        Self {
            sessions: Sessions::new(WasiFileSystem::with_base_path(base_path)),
            env: WasiEnvironment::from_host(),
            timeout: Some(timeout),
            model: None,
            stream: false,
        }
    }

    /// Returns the files.
    pub fn fs(&self) -> &WasiFileSystem {
        self.sessions.fs()
    }

    /// Returns the environment.
    pub fn env(&self) -> &WasiEnvironment {
        &self.env
    }

    /// Answers `message`, plain text or `{"role":"user","content":"…"}`, and stores both in `session`. If the
    /// answer is streamed, `show` gets its deltas as they arrive.
    ///
    /// Waits between retries. Prints warnings to standard error: if a damaged session is kept aside, and if
    /// the answer cannot be stored, in which case it is returned anyway.
    ///
    /// # Errors
    /// If there is no answer; the session is then unchanged.
    pub fn answer(&self, session: SessionId, message: &str, show: Show<'_>) -> Result<Answer, Error> {
        let watch = Stopwatch::start();
        let Prepared {
            config,
            input,
            session,
            known,
        } = self.prepare(session, message)?;
        let (mut turn, request) = Turn::begin(&config, &|name| self.variable(name), session, input)?;
        turn.set_jitter(jitter());
        // A build without HTTP sends nothing.
        if cfg!(any(not(target_env = "p1"), test)) && shows_key(&config.provider, &request.url) {
            warn("the API key is sent without TLS, use `https://` in `api_base`");
        }
        let mut reply = drive(&mut turn, request, watch, show)?;
        let unstored = self.keep(&reply.session, known, &mut warn);
        Ok(Answer {
            shown: reply.streamed,
            incomplete: reply.incomplete.take(),
            warning: reply.warning.take(),
            unstored,
            text: reply.into_text(),
        })
    }

    /// Reads everything that a turn needs.
    fn prepare(&self, session: SessionId, message: &str) -> Result<Prepared, Error> {
        let config = self.config()?;
        let input = Input::parse(message)?;
        let session = self.sessions.load(session)?;
        let known = session.messages.len();
        Ok(Prepared {
            config,
            input,
            session,
            known,
        })
    }

    /// Begins a turn that the host drives.
    pub(crate) fn begin(&self, session: SessionId, message: &str) -> Result<Begun, Error> {
        let Prepared {
            config,
            input,
            session,
            known,
        } = self.prepare(session, message)?;
        let (mut turn, request) = Turn::begin_owned(config, &|name| self.variable(name), session, input)?;
        turn.set_jitter(jitter());
        Ok(Begun { turn, request, known })
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).map(str::to_owned)
    }

    /// Stores the messages that a turn has added to a session of `known` messages. If that fails, the answer
    /// is still returned: `warn` gets a message, and the cause is returned.
    pub(crate) fn keep(&self, session: &Session, known: usize, warn: Warn<'_>) -> Option<String> {
        let cause = self.sessions.store(session, known, warn).err()?.to_string();
        warn(&["the answer is not stored, ", &cause].concat());
        Some(cause)
    }

    fn config(&self) -> Result<Config, Error> {
        let bytes = self
            .fs()
            .read(CONFIG)
            .map_err(|error| match self.fs().exists("") {
                true => error.into(),
                false => Error::NoBase(error),
            })?;
        let mut config = Config::parse(&self.fs().resolve(CONFIG)?, &bytes)?;
        config.provider.timeout = self.timeout.unwrap_or(config.provider.timeout);
        config.agents.stream |= self.stream;
        if let Some(model) = &self.model {
            config.agents.model.clone_from(model);
        }
        Ok(config)
    }
}

fn warn(text: &str) {
    console::say("warning", text);
}

/// Performs the steps of `turn` until it is over. `watch` runs since its beginning.
fn drive(
    turn: &mut Turn,
    mut request: HttpRequest,
    watch: Stopwatch,
    show: Show<'_>,
) -> Result<Box<Reply>, Error> {
    loop {
        match attempt(turn, &request, watch, show)? {
            Step::Done(reply) => return Ok(reply),
            Step::Retry {
                after,
                request: again,
            } => {
                clock::sleep(after);
                request = again;
            }
            Step::Failed(error) => return Err(error.into()),
            Step::Send(next) => request = next,
            // No tools are offered.
            Step::More | Step::Delta(_) | Step::Reasoning(_) | Step::Call(_) => {
                return Err(HttpError::Interrupted("it ended early".to_owned()).into());
            }
        }
    }
}

/// Sends `request` once and feeds the turn with the response.
fn attempt(turn: &mut Turn, request: &HttpRequest, watch: Stopwatch, show: Show<'_>) -> Result<Step, Error> {
    let client = WasiHttpClient {
        timeout: request.timeout,
        idle_timeout: request.idle_timeout,
        total_timeout: request.total_timeout,
        max_response: request.max_response,
    };
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|header| (header.name.as_ref(), header.value.expose()))
        .collect();
    let body = (!request.body.is_empty()).then_some(request.body.as_slice());
    let clock: Clock<'_> = &|| watch.elapsed();
    // What arrives together is shown together, because each time costs more than reading it.
    let mut pending = String::new();
    let mut feed = |event: Option<Event<'_>>| {
        let is_paused = event.is_none();
        let mut step = event.map_or(Step::More, |event| turn.feed(event, clock));
        while let Step::Delta(_) | Step::Reasoning(_) = &step {
            if let Step::Delta(text) = &step {
                pending.push_str(text);
            }
            // The same bytes may have completed the answer.
            step = turn.feed(Event::Body(&[]), clock);
        }
        let ends = is_paused || !matches!(step, Step::More) || pending.len() >= MAX_PENDING;
        if ends && !pending.is_empty() {
            show(&pending);
            pending.clear();
        }
        step
    };
    let mut step = Step::More;
    let sent = client.exchange(request.method, &request.url, &headers, body, &mut |part| {
        step = feed(match &part {
            Part::Head { status, headers } => Some(Event::Head {
                status: *status,
                headers,
            }),
            Part::Body(bytes) => Some(Event::Body(bytes)),
            Part::Pause => None,
        });
        if matches!(step, Step::More) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    match (sent, step) {
        (Ok(()), Step::More) => Ok(feed(Some(Event::End))),
        (Ok(()), step) => Ok(step),
        (Err(error), _) => Ok(feed(Some(Event::Failed(transport_error(error)?)))),
    }
}

/// Maps the failure to the turn's error type, so that the turn decides about a retry; returns the failure
/// unchanged if a retry cannot help.
fn transport_error(error: HttpError) -> Result<TransportError, HttpError> {
    match error {
        HttpError::Impossible(cause) => Ok(TransportError::Impossible(cause)),
        HttpError::Unavailable(cause) => Ok(TransportError::Unavailable(cause)),
        HttpError::Interrupted(cause) => Ok(TransportError::Unavailable(
            ["the response broke off, ", &cause].concat(),
        )),
        HttpError::TimedOut(after, limit) => Ok(TransportError::TimedOut { after, limit }),
        HttpError::TooLarge(limit) => Ok(TransportError::TooLarge { limit }),
        HttpError::InvalidRequest(_) => Err(error),
    }
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
