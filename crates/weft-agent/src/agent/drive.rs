//! Performs a turn: sends its requests and feeds it with the responses.
//!
//! This is the asynchronous counterpart of the component's blocking calls, with the same rules: a time for the
//! first byte of an answer, one between two bytes, one for all, and no limit that the turn does not know.

use std::{borrow::Cow, time::Duration};

use clawft_core::{Clock, Event, HttpRequest, Reply, Step, TransportError, Turn};
use clawft_types::{Config, Input, Message, Session, ToolCall, ToolDefinition};
use reqwest::Client;
use tokio::time::{Instant, sleep};

use super::{Delta, Show};
use crate::{
    blocking,
    error::{Error, Fault},
    exchange::{Aborted, Reader, Wait, exchange},
    home::environment::variable,
    stop::Stop,
    tools::Tools,
};

/// The largest conversation, in bytes, whose request is built on the current thread; and the size that a
/// message counts beside its text.
const INLINE_BYTES: usize = 64 * 1024;
const BYTES_PER_MESSAGE: usize = 32;

/// The reason why a stopped answer is incomplete.
const STOPPED: &str = "it was stopped";

/// The end of a turn without an answer.
#[derive(Debug)]
pub struct Unanswered {
    /// The error.
    pub error: Error,
    /// The session with the calls of tools, if there were any.
    pub session: Option<Box<Session>>,
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Error {
        unanswered.error
    }
}

impl From<Error> for Unanswered {
    fn from(error: Error) -> Unanswered {
        Unanswered { error, session: None }
    }
}

/// Performs a turn to its end.
///
/// # Errors
/// As [`Agent::answer`](super::Agent::answer).
pub(super) async fn drive(
    client: &Client,
    (mut turn, request): (Turn<'_>, HttpRequest),
    tools: Option<&Tools>,
    stop: &Stop,
    show: Show<'_>,
) -> Result<Reply, Unanswered> {
    // Keeps clients that failed together from retrying together. Without randomness, they do.
    turn.set_jitter(getrandom::u32().unwrap_or_default());
    let mut driver = Driver {
        client,
        turn,
        begun: Instant::now(),
        stop,
        show,
    };
    match driver.run(request, tools).await {
        Ok(reply) => Ok(reply),
        Err(error) => Err(Unanswered {
            error,
            session: driver.turn.take_unfinished().map(Box::new),
        }),
    }
}

/// Begins a turn that offers `tools`. The request of a long conversation is built on another thread.
pub(super) async fn begin(
    config: &Config,
    session: Session,
    input: Input,
    tools: Vec<ToolDefinition>,
) -> Result<(Turn<'_>, HttpRequest), Error> {
    let prompt = config.agents.system_prompt.as_ref().map_or(0, String::len);
    let said = session
        .messages
        .iter()
        .map(|message| message.size().saturating_add(BYTES_PER_MESSAGE));
    let length = said.fold(input.text().len().saturating_add(prompt), usize::saturating_add);
    let images = session
        .messages
        .iter()
        .flat_map(Message::images)
        .chain(input.images());
    let length = images.fold(length, |length, image| length.saturating_add(image.data.len()));
    if length <= INLINE_BYTES {
        let config = Cow::Borrowed(config);
        return Ok(Turn::begin_with_tools(config, &variable, session, input, tools)?);
    }
    let config = Cow::Owned(config.clone());
    Ok(blocking::run(move || Turn::begin_with_tools(config, &variable, session, input, tools)).await??)
}

struct Driver<'a> {
    client: &'a Client,
    turn: Turn<'a>,
    begun: Instant,
    stop: &'a Stop,
    show: Show<'a>,
}

impl Driver<'_> {
    async fn run(&mut self, mut request: HttpRequest, tools: Option<&Tools>) -> Result<Reply, Error> {
        let mut step = self.attempt(request).await?;
        loop {
            step = match step {
                Step::Done(reply) => return Ok(*reply),
                Step::Failed(error) => return Err(error.into()),
                Step::Send(next) => {
                    request = next;
                    self.attempt(request).await?
                }
                Step::Retry {
                    after,
                    request: again,
                } => {
                    wait_before_retry(self.stop, after).await?;
                    request = again;
                    self.attempt(request).await?
                }
                Step::Call(calls) => self.call(calls, tools).await?,
                // After the end, the turn returns one of the other steps.
                Step::More | Step::Delta(_) | Step::Reasoning(_) => {
                    return Err(Error::other("HTTP response broken off: it ended early"));
                }
            }
        }
    }

    /// Performs calls, one after the other. A stop ends them, and the turn.
    async fn call(&mut self, calls: Vec<ToolCall>, tools: Option<&Tools>) -> Result<Step, Error> {
        let mut results = Vec::new();
        if let Some(tools) = tools {
            for call in calls {
                tokio::select! {
                    biased;
                    () = self.stop.stopped() => break,
                    result = tools.perform(call) => results.push(result),
                }
            }
        }
        let begun = self.begun;
        let step = self.turn.resume(results, &|| begun.elapsed());
        match self.stop.is_stopped() {
            true => Err(Fault::Stopped.into()),
            false => Ok(step),
        }
    }

    /// Sends `request` once and feeds the turn with the response.
    async fn attempt(&mut self, request: HttpRequest) -> Result<Step, Error> {
        let wait = Wait::for_model(self.stop, &request);
        match exchange(self.client, request, wait, self).await {
            Ok((step, _)) => Ok(step),
            Err(Aborted::Invalid(error)) => Err(error),
            Err(Aborted::Stopped) => self.stopped(),
        }
    }

    /// Ends the turn with the text received so far.
    fn stopped(&mut self) -> Result<Step, Error> {
        match self.feed(Event::Failed(TransportError::Impossible(STOPPED.to_owned()))) {
            Step::Done(mut reply) => {
                // A stop is not a network failure. An answer that was complete anyway stays complete.
                reply.incomplete = reply.incomplete.map(|_| STOPPED.to_owned());
                Ok(Step::Done(reply))
            }
            _ => Err(Fault::Stopped.into()),
        }
    }
}

impl Reader for Driver<'_> {
    type Step = Step;

    /// Feeds the turn and shows its deltas.
    fn feed(&mut self, event: Event<'_>) -> Step {
        let begun = self.begun;
        let clock: Clock<'_> = &|| begun.elapsed();
        let mut step = self.turn.feed(event, clock);
        loop {
            match &step {
                Step::Delta(text) => (self.show)(Delta::Text(text)),
                Step::Reasoning(text) => (self.show)(Delta::Reasoning(text)),
                _ => return step,
            }
            // The same bytes may contain the end as well.
            step = self.turn.feed(Event::Body(&[]), clock);
        }
    }

    fn needs_more(step: &Step) -> bool {
        matches!(step, Step::More)
    }
}

/// Waits between two attempts.
async fn wait_before_retry(stop: &Stop, time: Duration) -> Result<(), Error> {
    tokio::select! {
        () = stop.stopped() => Err(Fault::Stopped.into()),
        () = sleep(time) => Ok(()),
    }
}
