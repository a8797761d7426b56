//! Performs a turn: sends its requests and feeds it with the responses.
//!
//! This is the asynchronous counterpart of the component's blocking calls, with the same rules: a time for the
//! first byte of an answer, one between two bytes, one for all, and no limit that the turn does not know.

use super::{Delta, Show, blocking, transport};
use crate::error::{Error, Fault};
use crate::stop::Stop;
use crate::tools::Tools;
use clawft_core::{Clock, Event, HttpRequest, Reply, Step, TimeLimit, TransportError, Turn};
use clawft_types::{Config, Input, Message, Session, ToolCall, ToolDefinition};
use reqwest::{Client, Response};
use std::borrow::Cow;
use std::env;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// The largest conversation, in bytes, whose request is built on the current thread; and the size that a
/// message counts beside its text.
const INLINE_BYTES: usize = 64 * 1024;
const BYTES_PER_MESSAGE: usize = 32;

/// The number of bytes of a body that are processed together if they arrive together.
const GATHERED_BYTES: usize = 16 * 1024;

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
    let variable = |name: &str| env::var(name).ok();
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
    Ok(blocking(move || Turn::begin_with_tools(config, &variable, session, input, tools)).await??)
}

struct Driver<'a> {
    client: &'a Client,
    turn: Turn<'a>,
    begun: Instant,
    stop: &'a Stop,
    show: Show<'a>,
}

/// A stop was requested.
struct Stopped;

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
        let mut wait = Wait::new(self.stop, &request);
        let sending = transport::request(self.client, request)?.send();
        let mut response = match wait.on(sending, false).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Ok(self.feed(Event::Failed(error))),
            Err(Stopped) => return self.stopped(),
        };
        let mut step = self.head(&response);
        let mut gathered = Vec::new();
        while matches!(step, Step::More) {
            let next = wait.on(response.chunk(), true).await;
            let Ok(Ok(Some(bytes))) = next else {
                return match next {
                    Ok(Ok(_)) => Ok(self.feed(Event::End)),
                    Ok(Err(error)) => Ok(self.feed(Event::Failed(error))),
                    Err(Stopped) => self.stopped(),
                };
            };
            gathered.clear();
            gathered.extend_from_slice(&bytes);
            let ended = gather(&mut response, &mut gathered).await;
            if !gathered.is_empty() {
                wait.progressed();
            }
            step = self.feed(Event::Body(&gathered));
            if let (Step::More, Some(end)) = (&step, ended) {
                return Ok(self.feed(end));
            }
        }
        Ok(step)
    }

    fn head(&mut self, response: &Response) -> Step {
        let headers = transport::headers(response);
        self.feed(Event::Head {
            status: response.status().as_u16(),
            headers: &headers,
        })
    }

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

/// Adds the parts of the body that are there already, up to a limit, so that deltas of a fast stream are printed
/// together. Returns the end of the body if it is there too.
async fn gather(response: &mut Response, bytes: &mut Vec<u8>) -> Option<Event<'static>> {
    while bytes.len() < GATHERED_BYTES {
        // Lets the connection pass on the next part.
        tokio::task::yield_now().await;
        let part = poll_immediate(response.chunk()).await?;
        match part {
            Ok(Some(part)) => bytes.extend_from_slice(&part),
            Ok(None) => return Some(Event::End),
            Err(error) => return Some(Event::Failed(transport::explain(&error, true))),
        }
    }
    None
}

/// Returns the output of `future` if it is ready.
async fn poll_immediate<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Waits between two attempts.
async fn wait_before_retry(stop: &Stop, time: Duration) -> Result<(), Error> {
    tokio::select! {
        () = stop.stopped() => Err(Fault::Stopped.into()),
        () = sleep(time) => Ok(()),
    }
}

/// Waits for the network, until one of the request's time limits or a stop.
struct Wait<'a> {
    stop: &'a Stop,
    idle_timeout: Duration,
    total: Deadline,
    /// The limit for the next byte.
    next: Deadline,
}

/// A time limit.
#[derive(Clone, Copy)]
struct Deadline {
    limit: TimeLimit,
    after: Duration,
    due: Instant,
}

impl Deadline {
    fn new(limit: TimeLimit, after: Duration) -> Self {
        Self {
            limit,
            after,
            due: Instant::now() + after,
        }
    }
}

impl<'a> Wait<'a> {
    fn new(stop: &'a Stop, request: &HttpRequest) -> Self {
        Self {
            stop,
            idle_timeout: request.idle_timeout,
            total: Deadline::new(TimeLimit::Total, request.total_timeout),
            next: Deadline::new(TimeLimit::FirstByte, request.timeout),
        }
    }

    /// Returns the result of `work`, or the reason why there is none. `begun` tells whether the response had
    /// begun.
    async fn on<T>(
        &self,
        work: impl Future<Output = reqwest::Result<T>>,
        begun: bool,
    ) -> Result<Result<T, TransportError>, Stopped> {
        let Deadline { limit, after, due } = if self.next.due < self.total.due {
            self.next
        } else {
            self.total
        };
        tokio::select! {
            biased;
            () = self.stop.stopped() => Err(Stopped),
            done = work => Ok(done.map_err(|error| transport::explain(&error, begun))),
            () = sleep_until(due) => Ok(Err(TransportError::TimedOut { after, limit })),
        }
    }

    /// Begins the time for the next byte.
    fn progressed(&mut self) {
        self.next = Deadline::new(TimeLimit::Idle, self.idle_timeout);
    }
}
