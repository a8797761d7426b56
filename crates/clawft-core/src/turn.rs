//! One turn: from the user's input to the answer.

use crate::error::TurnError;
use crate::http::{HttpRequest, TransportError};
use crate::key::Key;
use crate::{provider, quote, retry};
use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use clawft_types::json::{self, Node};
use clawft_types::{Config, Input, Message, Role, Session, Usage};
use core::mem;
use core::time::Duration;

/// A turn in progress.
#[derive(Debug)]
pub struct Turn {
    config: Config,
    key: Key,
    /// With the user's message appended.
    session: Session,
    phase: Phase,
    /// How often the request was sent.
    attempts: u32,
    jitter: u32,
}

#[derive(Debug)]
enum Phase {
    Waiting,
    Reading(Response),
    Over,
}

/// What has come so far of a response.
#[derive(Debug)]
struct Response {
    status: u16,
    retry_after: Option<u64>,
    body: Vec<u8>,
}

/// What the platform reports, in this order: a head, any number of body parts, the end. A failure may come at any time.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// The response has begun.
    Head {
        /// The status code.
        status: u16,
        /// Names in any case, and values.
        headers: &'a [(String, String)],
    },
    /// The next bytes of the body, split anywhere.
    Body(&'a [u8]),
    /// The response is complete.
    End,
    /// The request or the response broke off.
    Failed(TransportError),
}

/// What the platform does next.
#[derive(Debug)]
pub enum Step {
    /// Read on and feed the next event.
    More,
    /// Store the session and show the answer. The turn is over.
    Done(Box<Reply>),
    /// Drop the response, wait, send this request, and feed what comes.
    Retry {
        /// How long to wait.
        after: Duration,
        /// The same request again.
        request: HttpRequest,
    },
    /// Show the error. The turn is over; the session stays as it was stored.
    Failed(TurnError),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the model says. Never empty.
    pub text: String,
    /// The session with the user's message and the answer appended.
    pub session: Session,
    /// Why the model stopped, if the provider says: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// What it cost, if the provider says.
    pub usage: Option<Usage>,
}

impl Turn {
    /// Begins a turn: the request to send first, and the state to feed.
    ///
    /// `env` reads an environment variable. Fails if the provider's key cannot be had; nothing is sent then.
    pub fn begin(
        config: &Config,
        env: &dyn Fn(&str) -> Option<String>,
        mut session: Session,
        input: Input,
    ) -> Result<(Turn, HttpRequest), TurnError> {
        let key = Key::find(&config.provider, env)?;
        session.messages.push(input.into_message());
        let turn =
            Turn { config: config.clone(), key, session, phase: Phase::Waiting, attempts: 1, jitter: 0 };
        let request = turn.request();
        Ok((turn, request))
    }

    /// Gives the turn some randomness, so that clients that failed together do not come back together. Without it the
    /// waits between retries are exact.
    pub fn set_jitter(&mut self, random: u32) {
        self.jitter = random;
    }

    /// Takes the next event and says what to do.
    pub fn feed(&mut self, event: Event<'_>) -> Step {
        match (mem::replace(&mut self.phase, Phase::Over), event) {
            (Phase::Waiting, Event::Head { status, headers }) => {
                self.read_on(Response { status, retry_after: retry::retry_after(headers), body: Vec::new() })
            }
            (Phase::Reading(mut response), Event::Body(bytes)) => {
                response.body.extend_from_slice(bytes);
                self.read_on(response)
            }
            (Phase::Reading(response), Event::End) => self.finish(response),
            (Phase::Waiting | Phase::Reading(_), Event::Failed(error)) => Step::Failed(error.into()),
            _ => Step::Failed(TurnError::OutOfOrder),
        }
    }

    fn read_on(&mut self, response: Response) -> Step {
        self.phase = Phase::Reading(response);
        Step::More
    }

    /// Built anew for each attempt rather than kept: a long conversation need not be in memory twice while waiting.
    fn request(&self) -> HttpRequest {
        provider::request(&self.config, self.key.secret.as_ref(), &self.session.messages)
    }

    fn finish(&mut self, response: Response) -> Step {
        match response.status {
            200..=299 => match self.reply(&response) {
                Ok(reply) => Step::Done(Box::new(reply)),
                Err(error) => Step::Failed(error),
            },
            status if retry::worthwhile(status) && self.attempts <= self.config.provider.retries => {
                self.try_again(&response)
            }
            _ => Step::Failed(self.refused(&response)),
        }
    }

    fn try_again(&mut self, response: &Response) -> Step {
        let Some(after) = retry::wait(self.attempts - 1, response.retry_after, self.jitter) else {
            return Step::Failed(self.refused(response));
        };
        self.attempts += 1;
        self.phase = Phase::Waiting;
        Step::Retry { after, request: self.request() }
    }

    /// The error that a response with an error status stands for.
    fn refused(&self, response: &Response) -> TurnError {
        let provider = self.provider();
        let message = quote::error_body(&response.body, self.key.secret.as_ref());
        match response.status {
            status @ (401 | 403) => {
                TurnError::InvalidKey { provider, source: self.key.source.clone(), status, message }
            }
            status => {
                let retry_after = response.retry_after.filter(|_| retry::worthwhile(status));
                TurnError::Provider { provider, status, message, attempts: self.attempts, retry_after }
            }
        }
    }

    /// Reads a successful response and completes the session.
    fn reply(&mut self, response: &Response) -> Result<Reply, TurnError> {
        let bad = |cause: String| TurnError::BadResponse { provider: self.provider(), cause };
        if core::str::from_utf8(&response.body).is_err() {
            return Err(bad("the response is not UTF-8".to_owned()));
        }
        let tree = json::parse(&response.body).map_err(|error| bad(error.to_string()))?;
        let body = Node::root(&tree);
        if body.get("error").is_some() {
            // Some routers answer 200 and put the error of the server behind them into the body.
            return Err(self.refused(response));
        }
        let answer =
            provider::answer(self.config.provider.kind, &body).map_err(|error| bad(error.to_string()))?;
        let Some(text) = answer.text else {
            let finish_reason = answer.finish_reason.map(|reason| self.quote(&reason));
            return Err(TurnError::NoText { provider: self.provider(), finish_reason });
        };
        self.session.messages.push(Message::new(Role::Assistant, text.as_str()));
        let session = mem::take(&mut self.session);
        Ok(Reply { text, session, finish_reason: answer.finish_reason, usage: answer.usage })
    }

    fn quote(&self, text: &str) -> String {
        quote::quote(text, self.key.secret.as_ref())
    }

    fn provider(&self) -> String {
        self.config.provider.name.clone()
    }
}
