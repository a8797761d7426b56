//! One turn that a host drives.

use super::codes::{Break, Event, Finish, Misuse, Number, Step, Text};
use crate::platform::{Begun, WasmPlatform};
use clawft_core::{self as core, Clock, HttpRequest, TimeLimit, TransportError, Turn};
use clawft_store::clock::Stopwatch;
use clawft_types::{SessionId, SessionIdError, Usage};
use std::time::Duration;

/// A turn that returns requests and receives events.
pub(super) struct Driven {
    platform: WasmPlatform,
    /// `None` for a turn that has not begun.
    begun: Option<(Turn<'static>, Request)>,
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
    finish: Option<Finish>,
    usage: Usage,
}

/// The next request.
struct Request {
    request: HttpRequest,
    /// One header per line.
    headers: String,
    wait: Duration,
    /// Whether the response's body has begun.
    begun: bool,
}

impl Driven {
    pub(super) fn begin(platform: WasmPlatform, message: &str, session: &str) -> Self {
        let mut turn = Self {
            platform,
            begun: None,
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
            finish: None,
            usage: Usage::default(),
        };
        match turn.try_begin(message, session) {
            Ok(()) => turn.step = Step::Send,
            Err(error) => turn.error = error,
        }
        turn
    }

    fn try_begin(&mut self, message: &str, session: &str) -> Result<(), String> {
        let session = match session {
            "" => SessionId::default(),
            id => id.parse().map_err(|error: SessionIdError| error.to_string())?,
        };
        let begun = self.platform.begin(session, message);
        let Begun { turn, request, known } = begun.map_err(|error| error.to_string())?;
        self.begun = Some((turn, Request::new(request, Duration::ZERO)));
        self.known = known;
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
        let (Some((turn, request)), Some(event)) = (&mut self.begun, Event::from_code(event)) else {
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
                let waited = Duration::from_millis(elapsed_ms.into());
                core::Event::Failed(broken(cause, bytes, &request.request, request.begun, waited))
            }
            _ => return Err(Misuse::NoEvent),
        };
        // The host cannot know how long this call takes.
        let watch = Stopwatch::start();
        let clock: Clock<'_> = &|| Duration::from_millis(elapsed_ms.into()) + watch.elapsed();
        self.piece.clear();
        self.whole = false;
        let mut step = turn.feed(event, clock);
        while let core::Step::Delta(text) | core::Step::Reasoning(text) = &step {
            match step {
                core::Step::Delta(_) => self.piece.push_str(text),
                _ => self.reasoning.push_str(text),
            }
            // The same bytes may have completed the answer.
            step = turn.feed(core::Event::Body(&[]), clock);
        }
        self.step = self.go(step);
        Ok(self.step)
    }

    /// Performs the turn's step.
    fn go(&mut self, step: core::Step) -> Step {
        let Some((_, request)) = &mut self.begun else {
            return self.step;
        };
        match step {
            core::Step::Send(next) => {
                *request = Request::new(next, Duration::ZERO);
                Step::Send
            }
            // No tools are offered.
            core::Step::More | core::Step::Delta(_) | core::Step::Reasoning(_) | core::Step::Call(_) => {
                // The request has been sent, and a long conversation takes memory.
                request.forget();
                Step::More
            }
            core::Step::Retry {
                after,
                request: again,
            } => {
                *request = Request::new(again, after);
                self.reasoning.clear();
                Step::Send
            }
            core::Step::Failed(error) => {
                self.error = error.to_string();
                Step::Failed
            }
            core::Step::Done(mut reply) => {
                let warnings = &mut self.warnings;
                let unstored = self
                    .platform
                    .keep(&reply.session, self.known, &mut |text| add_line(warnings, text));
                self.unstored = unstored.unwrap_or_default();
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
        }
    }

    pub(super) fn text(&self, text: Text) -> &[u8] {
        let request = self
            .begun
            .as_ref()
            .map(|(_, request)| request)
            .filter(|_| self.step == Step::Send);
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
        }
    }

    pub(super) fn number(&self, number: Number) -> u32 {
        let Some((_, Request { request, wait, .. })) = &self.begun else {
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
    fn new(request: HttpRequest, wait: Duration) -> Self {
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
            begun: false,
        }
    }

    fn forget(&mut self) {
        self.request.body = Vec::new();
    }
}

fn add_line(lines: &mut String, line: &str) {
    lines.push_str(line);
    lines.push('\n');
}

/// Returns names and values. A line without a colon is ignored.
fn header_lines(lines: &[u8]) -> Vec<(String, String)> {
    let lines = String::from_utf8_lossy(lines);
    let headers = lines.split('\n').filter_map(|line| line.split_once(':'));
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

fn count(tokens: u64) -> u32 {
    tokens.try_into().unwrap_or(u32::MAX)
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
