//! The agent at work: config, session, request, answer, session.

mod error;
mod sessions;

pub use error::Error;

use crate::console;
use crate::env::WasiEnvironment;
use crate::fs::{DEFAULT_BASE, WasiFileSystem};
use crate::http::{HttpError, Part, WasiHttpClient};
use clawft_core::{Event, HttpRequest, Step, TransportError, Turn};
use clawft_types::{Config, Input, SessionId};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

/// The environment variable that names another base directory than [`DEFAULT_BASE`].
pub const BASE_VARIABLE: &str = "CLAWFT_CONFIG_DIR";

/// The config's place below the base directory.
const CONFIG: &str = "config.json";

/// The agent with the files, the environment and the HTTP of its host.
pub struct WasmPlatform {
    fs: WasiFileSystem,
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
        Self { fs, env, timeout: None }
    }

    /// The host's environment, files below `base_path`, and `timeout` for each request whatever the config says.
    pub fn with_config(base_path: &str, timeout: Duration) -> Self {
        Self {
            fs: WasiFileSystem::with_base_path(base_path),
            env: WasiEnvironment::from_host(),
            timeout: Some(timeout),
        }
    }

    /// The files.
    pub fn fs(&self) -> &WasiFileSystem {
        &self.fs
    }

    /// The environment.
    pub fn env(&self) -> &WasiEnvironment {
        &self.env
    }

    /// Answers `message`, plain text or `{"role":"user","content":"…"}`, and stores it with the answer in `session`.
    /// Waits between retries and warns on standard error: where a damaged session was set aside, and where the answer
    /// could not be stored, which is no reason to withhold it.
    ///
    /// # Errors
    /// If there is no answer; the session is then as it was.
    pub fn answer(&self, session: SessionId, message: &str) -> Result<String, Error> {
        let config = self.config()?;
        let input = Input::parse(message)?;
        let session = sessions::load(&self.fs, session)?;
        let variable = |name: &str| self.env.get(name).map(str::to_owned);
        let (mut turn, mut request) = Turn::begin(&config, &variable, session, input)?;
        turn.set_jitter(jitter());
        loop {
            match self.attempt(&mut turn, &request)? {
                Step::Done(reply) => {
                    if let Err(error) = sessions::store(&self.fs, &reply.session) {
                        console::say("warning", &["the answer is not stored, ", &error.to_string()].concat());
                    }
                    return Ok(reply.text);
                }
                Step::Retry { after, request: again } => {
                    thread::sleep(after);
                    request = again;
                }
                Step::Failed(error) => return Err(error.into()),
                Step::More => return Err(HttpError::Interrupted("it ended early".to_owned()).into()),
            }
        }
    }

    fn config(&self) -> Result<Config, Error> {
        let bytes = self.fs.read(CONFIG).map_err(|error| match self.fs.exists("") {
            true => Error::File(error),
            false => Error::NoBase(error),
        })?;
        Ok(Config::parse(&self.fs.resolve(CONFIG)?, &bytes)?)
    }

    /// Sends `request` once and feeds the turn with what comes.
    fn attempt(&self, turn: &mut Turn, request: &HttpRequest) -> Result<Step, Error> {
        let client = WasiHttpClient::with_timeout(self.timeout.unwrap_or(request.timeout));
        let headers: Vec<_> =
            request.headers.iter().map(|header| (header.name, header.value.expose())).collect();
        let body = (!request.body.is_empty()).then_some(request.body.as_slice());
        let mut step = Step::More;
        let sent = client.exchange(request.method.as_str(), &request.url, &headers, body, &mut |part| {
            step = turn.feed(match &part {
                Part::Head { status, headers } => Event::Head { status: *status, headers },
                Part::Body(bytes) => Event::Body(bytes),
            });
            if matches!(step, Step::More) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match (sent, step) {
            (Ok(()), Step::More) => Ok(turn.feed(Event::End)),
            (Ok(()), step) => Ok(step),
            (Err(error), _) => Ok(turn.feed(Event::Failed(transport_error(error)?))),
        }
    }
}

/// The failure in the turn's terms, so that it can decide about another attempt; as it is where none would help.
fn transport_error(error: HttpError) -> Result<TransportError, HttpError> {
    match error {
        HttpError::Unavailable(cause) => Ok(TransportError::Unavailable(cause)),
        HttpError::Interrupted(cause) => {
            Ok(TransportError::Unavailable(["the response broke off, ", &cause].concat()))
        }
        HttpError::TimedOut(after) => Ok(TransportError::TimedOut { after }),
        HttpError::TooLarge(_) | HttpError::InvalidRequest(_) => Err(error),
    }
}

/// A clock's nanoseconds, spread over all bits: clients that failed together shall not come back together, and that needs
/// no better randomness.
fn jitter() -> u32 {
    nanoseconds().wrapping_mul(0x9E37_79B9)
}

#[cfg(all(target_os = "wasi", target_env = "p2"))]
fn nanoseconds() -> u32 {
    // The low half is the half that differs.
    wasip2::clocks::monotonic_clock::now() as u32
}

#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
fn nanoseconds() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().subsec_nanos()
}

#[cfg(test)]
mod tests;
