//! The agent at work: config, session, request, answer, session.

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

/// The environment variable that names another base directory than [`DEFAULT_BASE`].
pub const BASE_VARIABLE: &str = "CLAWFT_CONFIG_DIR";

/// The config's place below the base directory.
const CONFIG: &str = "config.json";

/// What the model said.
#[derive(Debug)]
pub struct Answer {
    /// All of it. Never empty.
    pub text: String,
    /// Whether all of it was shown while it arrived.
    pub shown: bool,
    /// Why it broke off, if it did: a sentence fragment. `text` is what had arrived.
    pub incomplete: Option<String>,
    /// Why the turn is not in its session, if it is not: a sentence fragment.
    pub unstored: Option<String>,
}

impl Answer {
    /// The text, where only a whole one will do.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if it broke off.
    pub fn whole(self) -> Result<String, Error> {
        match self.incomplete {
            None => Ok(self.text),
            Some(cause) => Err(Error::Incomplete { cause, text: self.text }),
        }
    }
}

/// What a turn needs.
struct Prepared {
    config: Config,
    input: Input,
    session: Session,
    /// How many messages the session has.
    known: usize,
}

/// A turn that has begun.
pub(crate) struct Begun {
    /// What decides.
    pub(crate) turn: Turn<'static>,
    /// What to send first.
    pub(crate) request: HttpRequest,
    /// How many messages the session had before.
    pub(crate) known: usize,
}

/// Shows a piece of the answer while it arrives.
pub type Show<'a> = &'a mut dyn FnMut(&str);

/// The agent with the files, the environment and the HTTP of its host.
pub struct WasmPlatform {
    sessions: Sessions,
    env: WasiEnvironment,
    /// In place of the timeout that the config gives.
    timeout: Option<Duration>,
}

impl Default for WasmPlatform {
    fn default() -> Self {
        Self::new()
    }
}

impl WasmPlatform {
    /// The host's environment, and files below what [`BASE_VARIABLE`] names there, or below [`DEFAULT_BASE`].
    pub fn new() -> Self {
        Self::with_env(WasiEnvironment::from_host())
    }

    /// [`Self::new`] with `env` in place of the host's environment.
    pub fn with_env(env: WasiEnvironment) -> Self {
        let fs = WasiFileSystem::with_base_path(env.get(BASE_VARIABLE).unwrap_or(DEFAULT_BASE));
        Self { sessions: Sessions::new(fs), env, timeout: None }
    }

    /// The host's environment, files below `base_path`, and `timeout` for each request whatever the config says.
    pub fn with_config(base_path: &str, timeout: Duration) -> Self {
        Self {
            sessions: Sessions::new(WasiFileSystem::with_base_path(base_path)),
            env: WasiEnvironment::from_host(),
            timeout: Some(timeout),
        }
    }

    /// The files.
    pub fn fs(&self) -> &WasiFileSystem {
        self.sessions.fs()
    }

    /// The environment.
    pub fn env(&self) -> &WasiEnvironment {
        &self.env
    }

    /// Answers `message`, plain text or `{"role":"user","content":"…"}`, and stores it with the answer in `session`. Where
    /// the answer is streamed, `show` gets its pieces as they arrive.
    ///
    /// Waits between retries and warns on standard error: where a damaged session is kept aside, and where the answer
    /// cannot be stored, which is no reason to withhold it.
    ///
    /// # Errors
    /// If there is no answer; the session is then as it was.
    pub fn answer(&self, session: SessionId, message: &str, show: Show<'_>) -> Result<Answer, Error> {
        let watch = Stopwatch::start();
        let Prepared { config, input, session, known } = self.prepare(session, message)?;
        let (mut turn, request) = Turn::begin(&config, &|name| self.variable(name), session, input)?;
        turn.set_jitter(jitter());
        // Where there is no HTTP nothing is sent.
        if cfg!(any(not(target_env = "p1"), test)) && shows_key(&config.provider, &request.url) {
            warn("the API key is sent without TLS, use `https://` in `api_base`");
        }
        let mut reply = drive(&mut turn, request, watch, show)?;
        let unstored = self.keep(&reply.session, known, &mut warn);
        let (shown, incomplete) = (reply.streamed, reply.incomplete.take());
        Ok(Answer { text: reply.into_text(), shown, incomplete, unstored })
    }

    /// Reads what a turn needs.
    fn prepare(&self, session: SessionId, message: &str) -> Result<Prepared, Error> {
        let config = self.config()?;
        let input = Input::parse(message)?;
        let session = self.sessions.load(session)?;
        let known = session.messages.len();
        Ok(Prepared { config, input, session, known })
    }

    /// Begins a turn that somebody else drives.
    pub(crate) fn begin(&self, session: SessionId, message: &str) -> Result<Begun, Error> {
        let Prepared { config, input, session, known } = self.prepare(session, message)?;
        let (mut turn, request) = Turn::begin_owned(config, &|name| self.variable(name), session, input)?;
        turn.set_jitter(jitter());
        Ok(Begun { turn, request, known })
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).map(str::to_owned)
    }

    /// Stores what a turn has added to a session that had `known` messages. That it cannot is no reason to withhold the
    /// answer: `warn` hears of it, and the cause is returned.
    pub(crate) fn keep(&self, session: &Session, known: usize, warn: Warn<'_>) -> Option<String> {
        let cause = self.sessions.store(session, known, warn).err()?.to_string();
        warn(&["the answer is not stored, ", &cause].concat());
        Some(cause)
    }

    fn config(&self) -> Result<Config, Error> {
        let bytes = self.fs().read(CONFIG).map_err(|error| match self.fs().exists("") {
            true => error.into(),
            false => Error::NoBase(error),
        })?;
        let mut config = Config::parse(&self.fs().resolve(CONFIG)?, &bytes)?;
        config.provider.timeout = self.timeout.unwrap_or(config.provider.timeout);
        Ok(config)
    }
}

fn warn(text: &str) {
    console::say("warning", text);
}

/// Does what `turn` decides until it is over. `watch` runs since its beginning.
fn drive(
    turn: &mut Turn,
    mut request: HttpRequest,
    watch: Stopwatch,
    show: Show<'_>,
) -> Result<Box<Reply>, Error> {
    loop {
        match attempt(turn, &request, watch, show)? {
            Step::Done(reply) => return Ok(reply),
            Step::Retry { after, request: again } => {
                clock::sleep(after);
                request = again;
            }
            Step::Failed(error) => return Err(error.into()),
            Step::More | Step::Delta(_) => {
                return Err(HttpError::Interrupted("it ended early".to_owned()).into());
            }
        }
    }
}

/// Sends `request` once and feeds the turn with what comes.
fn attempt(turn: &mut Turn, request: &HttpRequest, watch: Stopwatch, show: Show<'_>) -> Result<Step, Error> {
    let client = WasiHttpClient {
        timeout: request.timeout,
        renewed: request.stream,
        max_response: request.max_response,
    };
    let headers: Vec<_> = request.headers.iter().map(|header| (header.name, header.value.expose())).collect();
    let body = (!request.body.is_empty()).then_some(request.body.as_slice());
    let clock: Clock<'_> = &|| watch.elapsed();
    let mut step = Step::More;
    let sent = client.exchange(request.method.as_str(), &request.url, &headers, body, &mut |part| {
        let event = match &part {
            Part::Head { status, headers } => Event::Head { status: *status, headers },
            Part::Body(bytes) => Event::Body(bytes),
        };
        step = turn.feed(event, clock);
        while let Step::Delta(text) = &step {
            show(text);
            // Those bytes may have brought the end as well.
            step = turn.feed(Event::Body(&[]), clock);
        }
        if matches!(step, Step::More) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    match (sent, step) {
        (Ok(()), Step::More) => Ok(turn.feed(Event::End, clock)),
        (Ok(()), step) => Ok(step),
        (Err(error), _) => Ok(turn.feed(Event::Failed(transport_error(error)?), clock)),
    }
}

/// The failure in the turn's terms, so that it can decide about another attempt; as it is where none would help.
fn transport_error(error: HttpError) -> Result<TransportError, HttpError> {
    match error {
        HttpError::Impossible(cause) => Ok(TransportError::Impossible(cause)),
        HttpError::Unavailable(cause) => Ok(TransportError::Unavailable(cause)),
        HttpError::Interrupted(cause) => {
            Ok(TransportError::Unavailable(["the response broke off, ", &cause].concat()))
        }
        HttpError::TimedOut(after) => Ok(TransportError::TimedOut { after }),
        HttpError::TooLarge(limit) => Ok(TransportError::TooLarge { limit }),
        HttpError::InvalidRequest(_) => Err(error),
    }
}

/// Whether the request takes the API key beyond this machine for everybody on the way to read. What begins like an address of
/// this machine is taken for one: to take it apart would be 200 bytes more of component.
fn shows_key(provider: &Provider, url: &str) -> bool {
    const OWN: [&str; 4] = ["127.", "localhost:", "localhost/", "[::1]"];
    let has_key = provider.api_key.is_some() || provider.api_key_env.is_some();
    let beyond = |rest: &str| !OWN.iter().any(|own| rest.starts_with(own));
    has_key && url.strip_prefix("http://").is_some_and(beyond)
}

/// Clients that failed together shall not come back together.
fn jitter() -> u32 {
    random::number() as u32
}

#[cfg(test)]
mod tests;
