//! One turn: from the user's input to the answer.

mod blame;

use crate::error::TurnError;
use crate::head::{self, Headers};
use crate::http::{HttpRequest, TransportError};
use crate::key::Key;
use crate::provider::{self, Answer};
use crate::stream::Stream;
use crate::{history, retry};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use clawft_types::memory::{self, NoMemory};
use clawft_types::{Config, Input, Message, Provider, Role, Session, Usage};
use core::mem;
use core::time::Duration;

/// How many bytes of an error's body are read: no provider sends a tenth of that.
const MAX_ERROR_BODY: usize = 1 << 20;

/// A turn in progress.
#[derive(Debug)]
pub struct Turn<'a> {
    config: Cow<'a, Config>,
    key: Key,
    /// Whether a stream is asked for.
    stream: bool,
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
    Reading(Box<Response>),
    Over,
}

/// What has come so far of a response.
#[derive(Debug)]
struct Response {
    status: u16,
    retry_after: Option<u64>,
    body: Body,
    /// How many more bytes of body are taken.
    room: usize,
    /// Whether there were more than that.
    too_large: bool,
}

#[derive(Debug)]
enum Body {
    /// Read once it is complete.
    Whole(Vec<u8>),
    /// Read as it comes.
    Stream(Stream),
    /// Encoded in a way that was not asked for.
    Unreadable,
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
    /// Show this text now, then read on and feed the next event. Comes only where the answer is streamed. The bytes that
    /// brought it may have brought the end as well: an empty [`Event::Body`] learns that at once.
    Delta(String),
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

/// The time since [`Turn::begin`], whenever it is asked.
pub type Clock<'a> = &'a dyn Fn() -> Duration;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The session with this turn's two messages appended: the user's and the answer, which is here and nowhere else.
    pub session: Session,
    /// Why the model stopped, if the provider says: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// What it cost, if the provider says.
    pub usage: Option<Usage>,
    /// Whether all of the text was handed out as [`Step::Delta`] already.
    pub streamed: bool,
    /// Why the answer broke off, if it did: a sentence fragment. The text is what had arrived.
    pub incomplete: Option<String>,
}

impl Reply {
    /// Returns what the model says. Never empty.
    pub fn text(&self) -> &str {
        self.session.messages.last().map_or("", |answer| &answer.content)
    }

    /// Returns what the model says, without the session.
    pub fn into_text(mut self) -> String {
        self.session.messages.pop().map(|answer| answer.content).unwrap_or_default()
    }
}

impl<'a> Turn<'a> {
    /// Begins a turn: the request to send first, and the state to feed.
    ///
    /// `env` reads an environment variable. Fails if the provider's key cannot be had, or memory for the request; nothing is
    /// sent then.
    pub fn begin(
        config: &'a Config,
        env: &dyn Fn(&str) -> Option<String>,
        session: Session,
        input: Input,
    ) -> Result<(Turn<'a>, HttpRequest), TurnError> {
        Turn::new(Cow::Borrowed(config), env, session, input)
    }

    /// [`Turn::begin`] for turns that outlive their caller: the config becomes the turn's own.
    pub fn begin_owned(
        config: Config,
        env: &dyn Fn(&str) -> Option<String>,
        session: Session,
        input: Input,
    ) -> Result<(Turn<'static>, HttpRequest), TurnError> {
        Turn::new(Cow::Owned(config), env, session, input)
    }

    fn new(
        config: Cow<'a, Config>,
        env: &dyn Fn(&str) -> Option<String>,
        mut session: Session,
        input: Input,
    ) -> Result<(Turn<'a>, HttpRequest), TurnError> {
        let key = Key::find(&config.provider, env)?;
        let stream = input.stream().unwrap_or(config.agents.stream);
        session.messages.push(input.into_message());
        let turn = Turn { config, key, stream, session, phase: Phase::Waiting, attempts: 1, jitter: 0 };
        let request = turn
            .request(turn.config.provider.timeout)
            .map_err(|NoMemory { bytes }| TurnError::NoMemory { what: "the conversation", bytes })?;
        Ok((turn, request))
    }

    /// Gives the turn some randomness, so that clients that failed together do not come back together. Without it the
    /// waits between retries are exact.
    pub fn set_jitter(&mut self, random: u32) {
        self.jitter = random;
    }

    /// Takes the next event and says what to do. No attempt is made after the provider's timeout, and a whole answer is not
    /// read for longer: `clock` is asked now and then while that takes time.
    pub fn feed(&mut self, event: Event<'_>, clock: Clock<'_>) -> Step {
        match (mem::replace(&mut self.phase, Phase::Over), event) {
            (Phase::Waiting, Event::Head { status, headers }) => self.open(status, headers, clock),
            (Phase::Waiting, Event::Failed(error)) => self.fail(self.broken(error), clock),
            (Phase::Reading(response), Event::Body(bytes)) => self.read(response, bytes, clock),
            (Phase::Reading(response), Event::End) => self.finish(*response, None, clock),
            (Phase::Reading(response), Event::Failed(error)) => self.finish(*response, Some(error), clock),
            _ => Step::Failed(TurnError::OutOfOrder),
        }
    }

    fn open(&mut self, status: u16, headers: Headers<'_>, clock: Clock<'_>) -> Step {
        if let Some(fault) = head::objection(status, headers) {
            return self.fail(self.blame(status, fault), clock);
        }
        let success = (200..=299).contains(&status);
        let limit = self.config.provider.max_response;
        let room = if success { limit } else { limit.min(MAX_ERROR_BODY) };
        let mut body = Vec::new();
        let body = if success && self.stream && head::is_event_stream(headers) {
            Body::Stream(Stream::new(self.config.provider.kind))
        } else if head::encoding(headers).is_some() {
            Body::Unreadable
        } else if let Err(error) = memory::reserve(&mut body, head::length(headers).unwrap_or(0).min(room)) {
            return Step::Failed(no_memory(error));
        } else {
            Body::Whole(body)
        };
        let retry_after = retry::retry_after(headers);
        self.read_on(Box::new(Response { status, retry_after, body, room, too_large: false }), Step::More)
    }

    fn read(&mut self, mut response: Box<Response>, bytes: &[u8], clock: Clock<'_>) -> Step {
        let (taken, rest) = bytes.split_at(bytes.len().min(response.room));
        response.room -= taken.len();
        response.too_large |= !rest.is_empty();
        let mut over = response.too_large;
        match &mut response.body {
            Body::Whole(body) => {
                if let Err(error) = memory::append(body, taken) {
                    return Step::Failed(no_memory(error));
                }
            }
            Body::Unreadable => {}
            Body::Stream(stream) => {
                let text = stream.take(taken);
                if !text.is_empty() {
                    // If this was the end as well, the next event is answered with it.
                    return self.read_on(response, Step::Delta(text));
                }
                over |= stream.end.is_some();
            }
        }
        if over { self.finish(*response, None, clock) } else { self.read_on(response, Step::More) }
    }

    fn read_on(&mut self, response: Box<Response>, step: Step) -> Step {
        self.phase = Phase::Reading(response);
        step
    }

    /// The request with `timeout`. Built anew for each attempt rather than kept: a long conversation need not be in memory
    /// twice while waiting.
    fn request(&self, timeout: Duration) -> Result<HttpRequest, NoMemory> {
        let agents = &self.config.agents;
        let prompt = agents.system_prompt.as_ref().map_or(0, String::len);
        let messages = history::recent(&self.session.messages, agents.context_tokens, prompt);
        provider::request(&self.config, self.key.secret.as_ref(), messages, self.stream, timeout)
    }

    /// The response is over: by itself, or because it `broke` off.
    fn finish(&mut self, response: Response, broke: Option<TransportError>, clock: Clock<'_>) -> Step {
        let limit = self.config.provider.max_response;
        let broke = if response.too_large { Some(TransportError::TooLarge { limit }) } else { broke };
        let result = match response {
            Response { body: Body::Stream(stream), .. } => return self.finish_stream(stream, broke, clock),
            Response { status: 200..=299, body: Body::Whole(body), .. } => match broke {
                Some(error) => Err(self.broken(error)),
                None => self.answer(body, clock),
            },
            // What the status says counts, however little of the body has come.
            Response { status, retry_after, body, .. } => Err(self.refused(status, retry_after, body)),
        };
        match result {
            Ok(answer) => self.complete(answer, false, None),
            Err(error) => self.fail(error, clock),
        }
    }

    fn finish_stream(&mut self, stream: Stream, broke: Option<TransportError>, clock: Clock<'_>) -> Step {
        let error = match stream.end {
            Some(Ok(())) => None,
            Some(Err(fault)) => Some(self.blame(200, fault)),
            // Some servers leave out the event that ends the stream: where the model has said why it stopped, nothing can
            // be missing.
            None if stream.answer.finish_reason.is_some() => None,
            None => Some(self.broken(broke.unwrap_or_else(blame::ended_early))),
        };
        match error {
            Some(error) if stream.answer.text.is_empty() => self.fail(error, clock),
            error => self.complete(stream.answer, true, error.map(|error| error.to_string())),
        }
    }

    /// Tries again if that may help, and if there is time and memory for it.
    fn fail(&mut self, error: TurnError, clock: Clock<'_>) -> Step {
        let Some((after, timeout)) = self.next_attempt(&error, clock()) else { return Step::Failed(error) };
        let Ok(request) = self.request(timeout) else { return Step::Failed(error) };
        self.attempts += 1;
        self.phase = Phase::Waiting;
        Step::Retry { after, request }
    }

    /// How long to wait, and how long the attempt may take then.
    fn next_attempt(&self, error: &TurnError, elapsed: Duration) -> Option<(Duration, Duration)> {
        let asked = retry::invited(error)?;
        if self.attempts > self.config.provider.retries {
            return None;
        }
        let after = retry::wait(self.attempts - 1, asked, self.jitter)?;
        let left = self.config.provider.timeout.saturating_sub(elapsed.saturating_add(after));
        (!left.is_zero()).then_some((after, left))
    }

    /// Completes the session. `streamed` if the text has been shown, `incomplete` if there should be more of it.
    fn complete(&mut self, answer: Answer, streamed: bool, incomplete: Option<String>) -> Step {
        let Answer { text, finish_reason, usage } = answer;
        if text.is_empty() {
            let finish_reason = finish_reason.map(|reason| self.quote(&reason));
            return Step::Failed(TurnError::NoText { provider: self.provider(), finish_reason });
        }
        let said = Message::new(Role::Assistant, text);
        self.session.messages.push(Message { incomplete: incomplete.is_some(), ..said });
        let session = mem::take(&mut self.session);
        Step::Done(Box::new(Reply { session, finish_reason, usage, streamed, incomplete }))
    }

    /// Reads the whole body of a successful response.
    fn answer(&self, body: Vec<u8>, clock: Clock<'_>) -> Result<Answer, TurnError> {
        let Provider { kind, timeout, .. } = self.config.provider;
        provider::answer(kind, body, &|| clock() >= timeout).map_err(|fault| self.blame(200, fault))
    }
}

/// That the answer has no room.
fn no_memory(NoMemory { bytes }: NoMemory) -> TurnError {
    TurnError::NoMemory { what: "the answer", bytes }
}
