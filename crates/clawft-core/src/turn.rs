//! One turn of the agent, from the user's input to the answer.

mod error_mapping;
mod steps;

use alloc::{
    borrow::{Cow, ToOwned as _},
    boxed::Box,
    string::String,
    vec::Vec,
};
use core::{mem, time::Duration};

use clawft_types::{
    Config, Finish, Input, Kind, Message, Provider, Role, Session, ToolCall, ToolDefinition, Usage, join,
    memory::{self, NoMemory},
};

use crate::{
    answer::{self, Answer, Fault},
    error::TurnError,
    history,
    http::{HttpRequest, TransportError},
    key::Key,
    provider::{self, Conversation, STREAM_OVERHEAD},
    rejected,
    response_head::{self, Headers},
    retry, sniff,
    stream::{Delta, Stream},
};
use steps::Steps;

/// The number of bytes of an error body that are read, ten times more than any provider sends.
const MAX_ERROR_BODY: usize = 1 << 20;

/// A turn in progress.
///
/// The platform sends the request, feeds what comes back, and does what each [`Step`] says:
///
/// ```
/// use clawft_core::{Event, Step, Turn};
/// use clawft_types::{Config, Input, Session};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = br#"{"agents": {"model": "gpt-4o-mini"},
///     "providers": {"providers": {"openai": {"api_key_env": "OPENAI_API_KEY"}}}}"#;
/// let config = Config::parse("config.json", config)?;
/// let environment = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-secret".to_owned());
/// let message = Input::parse("Hello!")?;
/// let (mut turn, request) = Turn::begin(&config, &environment, Session::default(), message)?;
/// assert_eq!(request.method.as_str(), "POST");
/// assert_eq!(request.url, "https://api.openai.com/v1/chat/completions");
///
/// // No time has passed since the turn began.
/// let clock = &|| Duration::ZERO;
/// let body = br#"{"choices": [{"message": {"role": "assistant", "content": "Good morning."}}]}"#;
/// assert!(matches!(turn.feed(Event::Head { status: 200, headers: &[] }, clock), Step::More));
/// assert!(matches!(turn.feed(Event::Body(body), clock), Step::More));
/// let Step::Done(reply) = turn.feed(Event::End, clock) else { panic!("there is no answer") };
/// assert_eq!(reply.text(), "Good morning.");
/// // The session holds the question and the answer, and is the caller's to store.
/// assert_eq!(reply.session.messages.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Turn<'a> {
    config: Cow<'a, Config>,
    key: Key,
    /// Whether the answer is shown while it arrives.
    show: bool,
    /// The session with the user's message appended.
    session: Session,
    /// The address of the request, for errors.
    url: String,
    phase: Phase,
    /// The number of attempts of this request.
    attempts: u32,
    jitter: u32,
    steps: Steps,
    /// The time at which this request was first sent, since the beginning of the turn.
    begun: Duration,
    /// The token usage of all answers.
    usage: Option<Usage>,
}

#[derive(Debug)]
enum Phase {
    Waiting,
    Reading(Box<Response>),
    /// Tools are called.
    Calling,
    Over,
}

/// The part of a response that has arrived.
#[derive(Debug)]
struct Response {
    status: u16,
    retry_after: Option<Duration>,
    body: Body,
    /// The number of further body bytes that are accepted.
    room: usize,
    /// Whether the body was larger than that.
    too_large: bool,
    /// Whether the response is over, regularly or because it `broke` off.
    over: bool,
    broke: Option<TransportError>,
}

#[derive(Debug)]
enum Body {
    /// The first bytes, which do not tell yet whether the body is a stream, and whether its type says so.
    Start(Vec<u8>, bool),
    /// Read once it is complete.
    Whole(Vec<u8>),
    /// Read while it arrives.
    Stream(Box<Stream>),
    /// Encoded, although no encoding was requested.
    Unreadable,
}

/// Events that the platform reports, in this order: a head, any number of body parts, the end. A failure may
/// come at any time.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// The response has begun.
    Head {
        /// The status code.
        status: u16,
        /// Pairs of name, in upper or lower case, and value.
        headers: &'a [(String, String)],
    },
    /// The next bytes of the body, split anywhere.
    Body(&'a [u8]),
    /// The response is complete.
    End,
    /// The request or the response broke off.
    Failed(TransportError),
}

/// The next action of the platform.
#[derive(Debug)]
pub enum Step {
    /// Read on and feed the next event.
    More,
    /// Show this text now, then read on and feed the next event. Only streamed answers have deltas. The same
    /// bytes may also have completed the answer: feeding an empty [`Event::Body`] returns that at once.
    Delta(String),
    /// As [`Step::Delta`], but the text is the model's reasoning, which is not part of the answer. Show it if the
    /// user wants to see it.
    Reasoning(String),
    /// Perform these calls, in this order, and pass their results to [`Turn::resume`]. All of them are offered
    /// tools, and their arguments are JSON objects or empty.
    Call(Vec<ToolCall>),
    /// Send this request, and feed its response.
    Send(HttpRequest),
    /// Store the session and show the answer. The turn is over.
    Done(Box<Reply>),
    /// Drop the response, wait, send this request, and feed its response.
    Retry {
        /// The time to wait.
        after: Duration,
        /// A copy of the request.
        request: HttpRequest,
    },
    /// Show the error. The turn is over; the session stays as it was stored, unless tools were called: see
    /// [`Turn::take_unfinished`].
    Failed(TurnError),
}

/// Returns the time since [`Turn::begin`].
pub type Clock<'a> = &'a dyn Fn() -> Duration;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The session with this turn's two messages appended: the user's, and the answer, which is stored
    /// nowhere else.
    pub session: Session,
    /// The finish reason, if the provider sends one: `stop`, `length`, …
    pub finish_reason: Option<String>,
    /// The way the answer ended. [`Finish::Complete`] as well if it broke off.
    pub finish: Finish,
    /// The warning that the answer ended for another reason than that it was complete, or has no text: a
    /// sentence fragment. The session holds it then with its reason.
    pub warning: Option<String>,
    /// The token usage of all answers of the turn, if the provider sends it.
    pub usage: Option<Usage>,
    /// Whether the complete text was already returned in [`Step::Delta`]s.
    pub streamed: bool,
    /// The reason why the answer broke off, as a sentence fragment; `None` if it is complete. If it broke
    /// off, the text is the part that arrived.
    pub incomplete: Option<String>,
}

impl Reply {
    /// Returns the model's text. Empty only with a [`Self::warning`].
    pub fn text(&self) -> &str {
        self.answer().map_or("", |answer| &answer.content)
    }

    /// Returns the model's last message.
    fn answer(&self) -> Option<&Message> {
        let mut messages = self.session.messages.iter().rev();
        messages.find(|message| message.role == Role::Assistant)
    }

    /// Returns the model's reasoning, apart from the text.
    pub fn reasoning(&self) -> String {
        let blocks = self.answer().map_or(&[][..], |answer| &answer.reasoning);
        blocks.iter().map(|block| block.text.as_str()).collect()
    }

    /// Returns the model's text without the session.
    pub fn into_text(mut self) -> String {
        while let Some(message) = self.session.messages.pop() {
            if message.role == Role::Assistant {
                return message.content;
            }
        }
        String::new()
    }
}

impl<'a> Turn<'a> {
    /// Begins a turn. Returns its state, and the first request to send.
    ///
    /// `env` reads an environment variable. Fails if the provider's key is missing or unusable, or if there
    /// is no memory for the request; nothing is sent then.
    pub fn begin(
        config: &'a Config,
        env: &dyn Fn(&str) -> Option<String>,
        session: Session,
        input: Input,
    ) -> Result<(Turn<'a>, HttpRequest), TurnError> {
        Turn::begin_with_tools(Cow::Borrowed(config), env, session, input, Vec::new())
    }

    /// Does the same as [`Turn::begin`] for turns that outlive their caller: the turn owns the configuration.
    pub fn begin_owned(
        config: Config,
        env: &dyn Fn(&str) -> Option<String>,
        session: Session,
        input: Input,
    ) -> Result<(Turn<'static>, HttpRequest), TurnError> {
        Turn::begin_with_tools(Cow::Owned(config), env, session, input, Vec::new())
    }

    /// Does the same as [`Turn::begin`], and offers `tools` to the model. Their calls are returned as
    /// [`Step::Call`].
    pub fn begin_with_tools(
        config: Cow<'a, Config>,
        env: &dyn Fn(&str) -> Option<String>,
        mut session: Session,
        input: Input,
        tools: Vec<ToolDefinition>,
    ) -> Result<(Turn<'a>, HttpRequest), TurnError> {
        let key = Key::find(&config.provider, env)?;
        let show = input.stream().unwrap_or(config.agents.stream);
        let no_room = |NoMemory { bytes }| TurnError::NoMemory {
            what: "the conversation",
            bytes,
        };
        // For the message and the answer.
        memory::make_room(&mut session.messages, 2).map_err(no_room)?;
        // An earlier turn may have been interrupted while it called a tool.
        history::answer_interrupted(&mut session.messages).map_err(no_room)?;
        session.messages.push(input.into_message());
        let mut turn = Turn {
            config,
            key,
            show,
            session,
            url: String::new(),
            phase: Phase::Waiting,
            attempts: 1,
            jitter: 0,
            steps: Steps::new(tools),
            begun: Duration::ZERO,
            usage: None,
        };
        let provider = &turn.config.provider;
        let request =
            turn.request(provider.timeout, provider.total_timeout)
                .map_err(|NoMemory { bytes }| TurnError::NoMemory {
                    what: "the conversation",
                    bytes,
                })?;
        turn.url.clone_from(&request.url);
        Ok((turn, request))
    }

    /// Sets a random number, so that clients that failed together do not retry together. Without it the waits
    /// between retries are exact.
    pub fn set_jitter(&mut self, random: u32) {
        self.jitter = random;
    }

    /// Takes the next event and returns the next step. No attempt begins after the provider's `timeout`, and a
    /// complete answer is not read after its `total_timeout`: `clock` is called now and then while it is read.
    pub fn feed(&mut self, event: Event<'_>, clock: Clock<'_>) -> Step {
        let begun = self.begun;
        let clock: Clock<'_> = &move || clock().saturating_sub(begun);
        match (mem::replace(&mut self.phase, Phase::Over), event) {
            (Phase::Waiting, Event::Head { status, headers }) => self.open(status, headers, clock),
            (Phase::Waiting, Event::Failed(error)) => self.fail(self.transport_error(error), clock),
            (Phase::Reading(response), Event::Body(bytes)) => self.read(response, bytes, clock),
            (Phase::Reading(response), Event::End) => self.close(response, None, clock),
            (Phase::Reading(response), Event::Failed(error)) => self.close(response, Some(error), clock),
            _ => Step::Failed(TurnError::OutOfOrder),
        }
    }

    fn open(&mut self, status: u16, headers: Headers<'_>, clock: Clock<'_>) -> Step {
        if let Some(fault) = response_head::fault(status, headers) {
            let retry_after = retry::retry_after(headers);
            return self.fail(self.body_error(status, retry_after, fault), clock);
        }
        let success = (200..=299).contains(&status);
        let limit = self.config.provider.max_response;
        // For a stream the limit counts for its text.
        let room = match success {
            true => limit.saturating_mul(STREAM_OVERHEAD),
            false => limit.min(MAX_ERROR_BODY),
        };
        let mut body = Vec::new();
        let body = if response_head::encoding(headers).is_some() {
            Body::Unreadable
        } else if let Err(error) = memory::reserve(
            &mut body,
            response_head::length(headers).unwrap_or(0).min(room).min(limit),
        ) {
            return Step::Failed(no_memory(error));
        } else if success {
            Body::Start(body, response_head::is_event_stream(headers))
        } else {
            Body::Whole(body)
        };
        let retry_after = retry::retry_after(headers);
        self.read_on(
            Box::new(Response {
                status,
                retry_after,
                body,
                room,
                too_large: false,
                over: false,
                broke: None,
            }),
            Step::More,
        )
    }

    fn read(&mut self, mut response: Box<Response>, bytes: &[u8], clock: Clock<'_>) -> Step {
        let (taken, rest) = bytes.split_at(bytes.len().min(response.room));
        response.room -= taken.len();
        response.too_large |= !rest.is_empty();
        if let Err(error) = response.body.append(taken, self.config.provider.kind) {
            return Step::Failed(no_memory(error));
        }
        let limit = self.config.provider.max_response;
        response.too_large |= response.body.size() > limit;
        response.over |= response.too_large;
        self.advance(response, clock)
    }

    /// Takes the end of a response, which is complete or `broke` off.
    fn close(
        &mut self,
        mut response: Box<Response>,
        broke: Option<TransportError>,
        clock: Clock<'_>,
    ) -> Step {
        if !response.over {
            response.broke = broke;
        }
        response.over = true;
        self.advance(response, clock)
    }

    /// Returns the next step: the text that has arrived, the end, or to read on.
    fn advance(&mut self, mut response: Box<Response>, clock: Clock<'_>) -> Step {
        if response.over {
            response.body.end(self.config.provider.kind);
        }
        let mut over = response.over;
        if let Body::Stream(stream) = &mut response.body {
            // If this was the end as well, the next event returns it.
            match if self.show { stream.take() } else { None } {
                Some(Delta::Text(text)) => {
                    let text = self.steps.separated(text);
                    return self.read_on(response, Step::Delta(text));
                }
                Some(Delta::Reasoning(text)) => return self.read_on(response, Step::Reasoning(text)),
                None => over |= stream.end.is_some(),
            }
        }
        if over {
            self.finish(*response, clock)
        } else {
            self.read_on(response, Step::More)
        }
    }

    fn read_on(&mut self, response: Box<Response>, step: Step) -> Step {
        self.phase = Phase::Reading(response);
        step
    }

    /// Returns the request with these time limits. It is built for each attempt and not kept, so that a long
    /// conversation is not in memory twice during a wait.
    fn request(&self, timeout: Duration, total: Duration) -> Result<HttpRequest, NoMemory> {
        let agents = &self.config.agents;
        let prompt = agents.system_prompt.as_ref().map_or(0, String::len);
        let messages = history::recent(&self.session.messages, agents.context_tokens, prompt);
        provider::request(
            &self.config,
            &self.key,
            Conversation {
                messages,
                tools: &self.steps.tools,
            },
            timeout,
            total,
        )
    }

    /// Ends the response.
    fn finish(&mut self, response: Response, clock: Clock<'_>) -> Step {
        let limit = self.config.provider.max_response;
        let broke = if response.too_large {
            Some(TransportError::TooLarge { limit })
        } else {
            response.broke
        };
        let result = match response.body {
            Body::Stream(stream) => return self.finish_stream(*stream, response.retry_after, broke, clock),
            Body::Whole(body) if matches!(response.status, 200..=299) => match broke {
                Some(error) => Err(self.transport_error(error)),
                None => self.answer(body, response.retry_after, clock),
            },
            // The status decides, however little of the body has arrived.
            body => {
                if let Some(step) = self.without_rejected(response.status, &body, clock) {
                    return step;
                }
                Err(self.status_error(response.status, response.retry_after, body))
            }
        };
        match result {
            Ok(answer) => self.complete(answer, false, None, clock),
            Err(error) => self.fail(error, clock),
        }
    }

    fn finish_stream(
        &mut self,
        stream: Stream,
        retry_after: Option<Duration>,
        broke: Option<TransportError>,
        clock: Clock<'_>,
    ) -> Step {
        let error = match stream.end {
            Some(Ok(())) => None,
            Some(Err(Fault::Bad(_))) if stream.answer.finish_reason.is_some() => None,
            Some(Err(fault)) => Some(self.body_error(200, retry_after, fault)),
            // Some servers omit the event that ends the stream. After a finish reason nothing is missing.
            None if stream.answer.finish_reason.is_some() => None,
            None => Some(self.transport_error(broke.unwrap_or_else(error_mapping::ended_early))),
        };
        match error {
            // As long as nothing was shown, the answer can begin again.
            Some(error) if !self.show || stream.answer.text.is_empty() => self.fail(error, clock),
            error => self.complete(
                stream.answer,
                self.show,
                error.map(|error| error.message()),
                clock,
            ),
        }
    }

    /// Retries if that may help, and if there is time and memory for it.
    fn fail(&mut self, error: TurnError, clock: Clock<'_>) -> Step {
        let now = clock();
        let next = self.next_attempt(&error).and_then(|after| self.again(after, now));
        let Some(step) = next else {
            return Step::Failed(error);
        };
        self.attempts += 1;
        step
    }

    /// Returns the time to wait before the next attempt.
    fn next_attempt(&self, error: &TurnError) -> Option<Duration> {
        let asked = retry::invited(error)?;
        if self.attempts > self.config.provider.retries {
            return None;
        }
        retry::wait(self.attempts - 1, asked, self.jitter)
    }

    /// Sends the request again, `after` some time, if there is time and memory for it.
    fn again(&mut self, after: Duration, now: Duration) -> Option<Step> {
        let provider = &self.config.provider;
        let begin = now.saturating_add(after);
        let left = provider.timeout.saturating_sub(begin);
        if left.is_zero() {
            return None;
        }
        let request = self
            .request(left, provider.total_timeout.saturating_sub(begin))
            .ok()?;
        self.phase = Phase::Waiting;
        Some(Step::Retry { after, request })
    }

    /// Sends the request again without an option that the server has rejected, with the reasoning that it misses, or
    /// without the one that it rejects. Later requests do so too.
    fn without_rejected(&mut self, status: u16, body: &Body, clock: Clock<'_>) -> Option<Step> {
        let Body::Whole(body) = body else { return None };
        if !matches!(status, 400 | 422) {
            return None;
        }
        let provider = &self.config.provider;
        let is_changed = match rejected::option(provider, body) {
            Some(rejected) => {
                provider.rejected.add(rejected);
                true
            }
            None => {
                rejected::is_about_reasoning(body)
                    && self.steps.may_change_reasoning()
                    && history::change_echoed(&mut self.session.messages)
            }
        };
        if !is_changed {
            return None;
        }
        self.again(Duration::ZERO, clock())
    }

    /// Completes the session. `streamed` if the text has been shown, `incomplete` if a part of it is missing.
    fn complete(
        &mut self,
        answer: Answer,
        streamed: bool,
        incomplete: Option<String>,
        clock: Clock<'_>,
    ) -> Step {
        if answer.is_empty() {
            return self.fail(self.no_text(), clock);
        }
        if let Some(usage) = answer.usage {
            self.usage = Some(self.usage.unwrap_or_default().plus(usage));
        }
        // The arguments of a call that broke off are not known. If nothing was offered, the user is told why there
        // is not text.
        if incomplete.is_none() && !answer.calls.is_empty() && self.steps.are_offered() {
            return self.call(answer, streamed, clock);
        }
        let finish = answer.finish();
        let finish_reason = answer.finish_reason.as_ref().map(|reason| self.redact(reason));
        let reason = match finish {
            Finish::Refused => Some("refusal"),
            _ => finish_reason.as_deref(),
        };
        let warning = match finish.warning(reason) {
            None if answer.text.is_empty() => Some(no_text_warning(reason)),
            warning => warning.filter(|_| incomplete.is_none()),
        };
        self.session.messages.push(Message {
            incomplete: incomplete.is_some(),
            finish_reason: warning.as_ref().and(reason).map(String::from),
            reasoning: answer.reasoning,
            // In a turn with calls.
            echoed: answer.echoed && self.steps.have_called(),
            ..Message::new(Role::Assistant, answer.text)
        });
        Step::Done(Box::new(Reply {
            session: mem::take(&mut self.session),
            finish_reason,
            finish,
            warning,
            usage: self.usage,
            streamed,
            incomplete,
        }))
    }

    /// Reads the complete body of a successful response.
    fn answer(
        &self,
        body: Vec<u8>,
        retry_after: Option<Duration>,
        clock: Clock<'_>,
    ) -> Result<Answer, TurnError> {
        let Provider {
            kind, total_timeout, ..
        } = self.config.provider;
        answer::answer(kind, body, &|| clock() >= total_timeout)
            .map_err(|fault| self.body_error(200, retry_after, fault))
    }
}

impl Body {
    /// Returns the size that counts towards `max_response_bytes`: for a stream that of the text.
    fn size(&self) -> usize {
        match self {
            Body::Start(body, _) | Body::Whole(body) => body.len(),
            Body::Stream(stream) => stream.answer.text.len(),
            Body::Unreadable => 0,
        }
    }

    /// Takes the next bytes.
    fn append(&mut self, bytes: &[u8], kind: Kind) -> Result<(), NoMemory> {
        match self {
            Body::Start(body, declared) => {
                memory::append(body, bytes)?;
                let known = sniff::is_stream(body, *declared);
                let body = mem::take(body);
                *self = match known {
                    None => Body::Start(body, *declared),
                    Some(false) => Body::Whole(body),
                    Some(true) => Body::stream(&body, kind),
                };
            }
            Body::Whole(body) => memory::append(body, bytes)?,
            Body::Stream(stream) => stream.feed(bytes),
            Body::Unreadable => {}
        }
        Ok(())
    }

    /// Takes the end of the bytes.
    fn end(&mut self, kind: Kind) {
        if let Body::Start(body, declared) = self {
            let body = mem::take(body);
            *self = match declared {
                true => Body::stream(&body, kind),
                false => Body::Whole(body),
            };
        }
        if let Body::Stream(stream) = self {
            stream.finish();
        }
    }

    fn stream(body: &[u8], kind: Kind) -> Body {
        let mut stream = Stream::new(kind);
        stream.feed(body);
        Body::Stream(Box::new(stream))
    }
}

/// Returns the warning about an answer that holds nothing but its end, or only reasoning.
fn no_text_warning(reason: Option<&str>) -> String {
    let text = "the answer holds no text";
    match reason {
        Some(reason) => join!(text, " (finish reason `", reason, "`)"),
        None => text.to_owned(),
    }
}

/// Returns the error that there is no memory for the answer.
fn no_memory(NoMemory { bytes }: NoMemory) -> TurnError {
    TurnError::NoMemory {
        what: "the answer",
        bytes,
    }
}
