//! One turn that a host drives.

use std::time::Duration;

use clawft_core::{self as core, Clock, HttpRequest, TimeLimit, TransportError};
use clawft_store::clock::Stopwatch;
use clawft_tools::toolbox::line;
use clawft_types::{Session, SessionId, SessionIdError, ToolCall, ToolDefinition, Usage, text::Ascii as _};

use super::codes::{Break, Event, Finish, Misuse, Number, Step, Text};
use crate::{
    agent_turn::{AgentTurn, Next, Report},
    platform::WasmPlatform,
};

/// A turn that returns requests and receives events.
pub(super) struct Driven {
    platform: WasmPlatform,
    /// `None` for a turn that has not begun.
    turn: Option<AgentTurn>,
    /// `None` until there is a request.
    request: Option<Request>,
    /// The number of messages in the session before the turn.
    known: usize,
    step: Step,
    /// The text that the last event has added to a streamed answer.
    piece: String,
    /// Whether the last event has delivered the complete answer, which is then `piece`.
    whole: bool,
    answer: String,
    error: String,
    warnings: String,
    unstored: String,
    reasoning: String,
    finish_reason: String,
    /// The calls of tools that the last event has led to, one a line.
    calls: String,
    /// The call that the host performs.
    call: ToolCall,
    finish: Option<Finish>,
    usage: Usage,
}

/// The next request.
struct Request {
    request: HttpRequest,
    /// One header per line.
    headers: String,
    wait: Duration,
    /// The time at which the host got it, since the beginning of the turn.
    made: Duration,
    /// Whether the response's body has begun.
    begun: bool,
}

impl Driven {
    pub(super) fn begin(
        platform: WasmPlatform,
        message: &str,
        session: &str,
        tools: Vec<ToolDefinition>,
    ) -> Self {
        let mut turn = Self {
            platform,
            turn: None,
            request: None,
            known: 0,
            step: Step::Failed,
            piece: String::new(),
            whole: false,
            answer: String::new(),
            error: String::new(),
            warnings: String::new(),
            unstored: String::new(),
            reasoning: String::new(),
            finish_reason: String::new(),
            calls: String::new(),
            call: ToolCall::default(),
            finish: None,
            usage: Usage::default(),
        };
        if let Err(error) = turn.try_begin(message, session, tools) {
            turn.error = error;
        }
        turn
    }

    fn try_begin(&mut self, message: &str, session: &str, tools: Vec<ToolDefinition>) -> Result<(), String> {
        let session = match session {
            "" => SessionId::default(),
            id => id.parse().map_err(|error: SessionIdError| error.message())?,
        };
        let setup = self.platform.setup(session, message);
        let mut setup = setup.map_err(|error| error.message())?;
        setup.host_tools = tools;
        self.known = setup.session.messages.len();
        self.turn = Some(AgentTurn::new(setup));
        self.go(Next::Act, 0);
        Ok(())
    }

    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// Takes an event, if it is in order, and goes on to the next step.
    pub(super) fn feed(
        &mut self,
        event: u32,
        number: u32,
        bytes: &[u8],
        elapsed_ms: u32,
    ) -> Result<Step, Misuse> {
        let (Some(turn), Some(request), Some(event)) =
            (&mut self.turn, &mut self.request, Event::from_code(event))
        else {
            return Err(Misuse::NoEvent);
        };
        let headers;
        let event = match (self.step, event) {
            (Step::Send, Event::Head) => {
                let status = number.try_into().map_err(|_| Misuse::NoEvent)?;
                headers = header_lines(bytes);
                core::Event::Head {
                    status,
                    headers: &headers,
                }
            }
            (Step::More, Event::Body) => {
                request.begun |= !bytes.is_empty();
                core::Event::Body(bytes)
            }
            (Step::More, Event::End) => core::Event::End,
            (Step::Send | Step::More, Event::Broken) => {
                let cause = Break::from_code(number).ok_or(Misuse::NoEvent)?;
                let waited = since_begin(elapsed_ms).saturating_sub(request.made);
                core::Event::Failed(broken(cause, bytes, &request.request, request.begun, waited))
            }
            _ => return Err(Misuse::NoEvent),
        };
        // The host cannot know how long this call takes.
        let watch = Stopwatch::start();
        let clock: Clock<'_> = &|| since_begin(elapsed_ms) + watch.elapsed();
        self.piece.clear();
        self.calls.clear();
        self.whole = false;
        let mut next = turn.feed(event, clock);
        while let Next::Text(text) | Next::Reasoning(text) = &next {
            match next {
                Next::Text(_) => self.piece.push_str(text),
                _ => self.reasoning.push_str(text),
            }
            // The same bytes may have completed the answer.
            next = turn.feed(core::Event::Body(&[]), clock);
        }
        self.go(next, elapsed_ms);
        Ok(self.step)
    }

    /// Takes the result of the call that the host performs, and goes on to the next step.
    pub(super) fn answer(&mut self, result: &str, is_error: bool, elapsed_ms: u32) -> Result<Step, Misuse> {
        let (Step::Call, Some(turn)) = (self.step, &mut self.turn) else {
            return Err(Misuse::NoEvent);
        };
        turn.answer(result.to_owned(), is_error);
        self.piece.clear();
        self.calls.clear();
        self.go(Next::Act, elapsed_ms);
        Ok(self.step)
    }

    /// Performs the turn's step.
    fn go(&mut self, mut next: Next, elapsed_ms: u32) {
        let Some(turn) = &mut self.turn else { return };
        let watch = Stopwatch::start();
        let now = || since_begin(elapsed_ms) + watch.elapsed();
        while let Next::Act = next {
            next = turn.act(&now, &mut |report| match report {
                Report::Warning(text) => add_line(&mut self.warnings, text),
                Report::Call(call) => add_line(&mut self.calls, &line(call)),
                Report::Result(..) => {}
            });
        }
        self.step = match next {
            Next::Send { after, request } => {
                if !after.is_zero() {
                    self.reasoning.clear();
                }
                self.request = Some(Request::new(request, after, now()));
                Step::Send
            }
            Next::Call(call) => {
                self.call = call;
                Step::Call
            }
            Next::More | Next::Text(_) | Next::Reasoning(_) | Next::Act => {
                // The request has been sent, and a long conversation takes memory.
                if let Some(request) = &mut self.request {
                    request.request.body = Vec::new();
                }
                Step::More
            }
            Next::Failed(error) => {
                self.error = error.message();
                // The next turn has to know what the tools have done.
                if let Some(session) = turn.take_unfinished() {
                    self.keep(&session);
                }
                Step::Failed
            }
            Next::Done(mut reply) => {
                self.keep(&reply.session);
                self.whole = !reply.streamed;
                self.error = reply.incomplete.take().unwrap_or_default();
                if let Some(warning) = &reply.warning {
                    add_line(&mut self.warnings, warning);
                }
                self.finish = Some(reply.finish.into());
                self.finish_reason = reply.finish_reason.take().unwrap_or_default();
                self.usage = reply.usage.unwrap_or_default();
                self.reasoning = reply.reasoning();
                self.answer = reply.into_text();
                Step::Done
            }
        };
    }

    fn keep(&mut self, session: &Session) {
        let warnings = &mut self.warnings;
        let unstored = self
            .platform
            .keep(session, self.known, &mut |text| add_line(warnings, text));
        self.unstored = unstored.unwrap_or_default();
    }

    pub(super) fn text(&self, text: Text) -> &[u8] {
        let request = self.request.as_ref().filter(|_| self.step == Step::Send);
        match text {
            Text::Method => request
                .map_or("", |request| request.request.method.as_str())
                .as_bytes(),
            Text::Url => request.map_or(&[], |request| request.request.url.as_bytes()),
            Text::Headers => request.map_or(&[], |request| request.headers.as_bytes()),
            Text::RequestBody => request.map_or(&[], |request| &request.request.body),
            Text::Piece if !self.whole => self.piece.as_bytes(),
            Text::Piece | Text::Answer => self.answer.as_bytes(),
            Text::Error => self.error.as_bytes(),
            Text::Warnings => self.warnings.as_bytes(),
            Text::Unstored => self.unstored.as_bytes(),
            Text::FinishReason => self.finish_reason.as_bytes(),
            Text::Reasoning => self.reasoning.as_bytes(),
            Text::Calls => self.calls.as_bytes(),
            _ if self.step != Step::Call => &[],
            Text::CallId => self.call.id.as_bytes(),
            Text::CallName => self.call.name.as_bytes(),
            Text::CallArguments => self.call.arguments.as_bytes(),
        }
    }

    pub(super) fn number(&self, number: Number) -> u32 {
        let Some(Request { request, wait, .. }) = &self.request else {
            return 0;
        };
        match number {
            Number::Wait => milliseconds(*wait),
            Number::Timeout => milliseconds(request.timeout),
            Number::Stream => request.stream.into(),
            Number::IdleTimeout => milliseconds(request.idle_timeout),
            Number::TotalTimeout => milliseconds(request.total_timeout),
            Number::MaxResponse => request.max_response.try_into().unwrap_or(u32::MAX),
            Number::Finish => self.finish.map_or(0, Finish::code),
            Number::PromptTokens => count(self.usage.prompt_tokens),
            Number::CompletionTokens => count(self.usage.completion_tokens),
            Number::CachedTokens => count(self.usage.cached_tokens),
            Number::ReasoningTokens => count(self.usage.reasoning_tokens),
        }
    }
}

impl Request {
    fn new(request: HttpRequest, wait: Duration, made: Duration) -> Self {
        let mut headers = String::new();
        for header in &request.headers {
            for part in [header.name.as_ref(), ": ", header.value.expose(), "\r\n"] {
                headers.push_str(part);
            }
        }
        Self {
            request,
            headers,
            wait,
            made,
            begun: false,
        }
    }
}

fn add_line(lines: &mut String, line: &str) {
    lines.push_str(line);
    lines.push('\n');
}

/// Returns names and values. A line without a colon is ignored.
fn header_lines(lines: &[u8]) -> Vec<(String, String)> {
    let lines = String::from_utf8_lossy(lines);
    let headers = lines.pieces(b'\n').filter_map(|line| line.cut(b':'));
    headers
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Returns the turn's error. Which of the time limits is over follows from whether the body had `begun` and how
/// long the host has `waited`.
fn broken(
    cause: Break,
    words: &[u8],
    request: &HttpRequest,
    begun: bool,
    waited: Duration,
) -> TransportError {
    let words = || String::from_utf8_lossy(words).into_owned();
    match cause {
        Break::Unavailable => TransportError::Unavailable(words()),
        Break::Impossible => TransportError::Impossible(words()),
        Break::TimedOut => {
            let (after, limit) = if waited >= request.total_timeout {
                (request.total_timeout, TimeLimit::Total)
            } else if begun {
                (request.idle_timeout, TimeLimit::Idle)
            } else {
                (request.timeout, TimeLimit::FirstByte)
            };
            TransportError::TimedOut { after, limit }
        }
        Break::TooLarge => TransportError::TooLarge {
            limit: request.max_response,
        },
    }
}

fn since_begin(elapsed_ms: u32) -> Duration {
    Duration::from_millis(elapsed_ms.into())
}

fn count(tokens: u64) -> u32 {
    tokens.try_into().unwrap_or(u32::MAX)
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
