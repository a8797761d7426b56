//! An answer that is passed on while it arrives.
//!
//! The bytes of events go on as they came, each event as soon as it is complete. Between events, and before
//! the first one, comments keep the connection alive while the model thinks.

use std::{io, pin::Pin, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use clawft_api::{Stream as Translator, StreamEnd};
use clawft_core::{TimeLimit, TransportError, TurnError};
use futures_util::stream::unfold;
use http_body_util::BodyExt as _;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};
use weft_agent::{Error, Fault, Stop};

use super::{
    dialect::Dialect,
    exchange::{Arrived, ArrivedBody, Failure},
    form::STREAM_OVERHEAD,
    meter::Meter,
    response::{bad_answer, is_events},
    translation::Translation,
};
use crate::{api_error::ApiError, failure, frames};

/// The time without a byte after which the response begins with a comment.
pub(crate) const FIRST_COMMENT: Duration = Duration::from_secs(1);

/// The time between comments.
pub(crate) const COMMENTS: Duration = Duration::from_secs(15);

/// A comment, which clients skip.
pub(crate) const COMMENT: &[u8] = b": waiting for the model\n\n";

/// The maximum length of an event, in bytes, that is held until it is complete. A longer one is passed on in
/// parts.
const HELD_EVENT: usize = 64 * 1024;

/// An exchange that runs.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Arrived, Failure>> + Send>>;

/// An answer on its way from the provider to the client.
pub(super) struct Passing {
    pub(super) source: Source,
    pub(super) dialect: Dialect,
    /// Whether the response consists of events.
    pub(super) events: bool,
    pub(super) stop: Stop,
    pub(super) meter: Meter,
    /// The time of the next comment.
    pub(super) comment: Instant,
    /// The bytes of an event that is not complete.
    pub(super) held: Vec<u8>,
    /// Whether the last byte that was passed on ended an event.
    pub(super) between: bool,
    /// The end of a stream that is passed on as it comes; `None` if it is not looked for.
    pub(super) end: Option<StreamEnd>,
    /// The translator to the client's dialect, if the provider speaks another one.
    pub(super) translator: Option<Translator>,
    /// Keeps the answer if the client may continue it.
    pub(super) translation: Option<Translation>,
    pub(super) _room: OwnedSemaphorePermit,
}

/// The place where the next bytes come from.
pub(super) enum Source {
    /// The exchange has no answer yet.
    Running(Running),
    /// The answer.
    Reading(Reading),
    /// There is nothing more.
    Over,
}

/// An answer whose body is being read.
pub(super) struct Reading {
    first: Bytes,
    body: Option<weft_agent::forward::Body>,
    /// The number of bytes that may still come.
    room: usize,
    limit: usize,
    timeout: Duration,
    /// Whether each byte gives time for the next.
    renewed: bool,
    idle_timeout: Duration,
    limit_of_time: TimeLimit,
    deadline: Instant,
}

/// The next thing that happens.
enum Next {
    Bytes(Bytes),
    Arrived(Box<Result<Arrived, Failure>>),
    Comment,
    End,
    Failed(Error),
}

impl Reading {
    /// Returns the body of `arrived`. If it is `renewed`, each byte gives it time for
    /// the next.
    pub(super) fn new(arrived: &mut Arrived, renewed: bool) -> Reading {
        let whole = ArrivedBody::Whole(Bytes::new());
        let (first, body) = match std::mem::replace(&mut arrived.body, whole) {
            ArrivedBody::Whole(bytes) => (bytes, None),
            ArrivedBody::Rest(first, rest) => (first, rest),
        };
        let provider = &arrived.served.target.provider;
        Reading {
            first,
            body,
            room: usize::MAX,
            limit: provider.max_response,
            timeout: if renewed {
                provider.timeout
            } else {
                provider.whole_timeout
            },
            renewed,
            idle_timeout: provider.idle_timeout,
            limit_of_time: match renewed || provider.whole_timeout == provider.timeout {
                true => TimeLimit::FirstByte,
                false => TimeLimit::Total,
            },
            deadline: arrived.deadline,
        }
    }

    /// Limits the answer, which is going to be read and not only passed on.
    pub(super) fn limited(self) -> Reading {
        // An answer that was read already may be longer as events.
        let room = self.limit.saturating_mul(STREAM_OVERHEAD).max(self.first.len());
        Reading { room, ..self }
    }

    /// Reads the next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        let bytes = if self.first.is_empty() {
            loop {
                match self.body.as_mut()?.frame().await? {
                    Err(error) => return Some(Err(weft_agent::forward::broken(&error))),
                    Ok(frame) => match frame.into_data() {
                        Ok(data) => break data,
                        Err(_) => continue,
                    },
                }
            }
        } else {
            std::mem::take(&mut self.first)
        };
        match self.room.checked_sub(bytes.len()) {
            None => return Some(Err(TransportError::TooLarge { limit: self.limit })),
            Some(room) => self.room = room,
        }
        if self.renewed && !bytes.is_empty() {
            self.limit_of_time = TimeLimit::Idle;
            self.timeout = self.idle_timeout;
            self.deadline = Instant::now() + self.idle_timeout;
        }
        Some(Ok(bytes))
    }
}

impl Passing {
    /// Returns the response's body.
    pub(super) fn into_body(self) -> Body {
        frames::body(unfold(self, |mut passing| async move {
            let frame = passing.frame().await?;
            Some((frame, passing))
        }))
    }

    /// Returns the next bytes for the client; `None` at the end. An error breaks the response off.
    async fn frame(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            let bytes = match self.next().await {
                Next::Bytes(bytes) => self.pass(bytes),
                Next::Comment if self.between && self.held.is_empty() => Bytes::from_static(COMMENT),
                Next::Comment => continue,
                Next::Arrived(outcome) => {
                    if let Some(event) = self.arrive(*outcome) {
                        return Some(Ok(event));
                    }
                    continue;
                }
                Next::End => self.end(),
                Next::Failed(error) => return Some(self.fail(&failure::api_error(&error))),
            };
            if let (Some(translation), Some(translator)) = (&mut self.translation, &self.translator)
                && translator.is_over()
            {
                translation.keep_streamed(translator.answer(), &bytes).await;
            }
            if !bytes.is_empty() {
                return Some(Ok(bytes));
            }
            if matches!(self.source, Source::Over) {
                return None;
            }
        }
    }

    async fn next(&mut self) -> Next {
        let stop = self.stop.clone();
        let comment = sleep_until(self.comment);
        let next = match &mut self.source {
            Source::Over => Next::End,
            Source::Running(running) => tokio::select! {
                biased;
                outcome = running => Next::Arrived(Box::new(outcome)),
                () = comment => Next::Comment,
            },
            Source::Reading(reading) => {
                let deadline = reading.deadline;
                let late = TransportError::TimedOut {
                    after: reading.timeout,
                    limit: reading.limit_of_time,
                };
                tokio::select! {
                    biased;
                    () = stop.stopped() => Next::Failed(Fault::Stopped.into()),
                    next = reading.next() => match next {
                        None => Next::End,
                        Some(Ok(bytes)) => Next::Bytes(bytes),
                        Some(Err(error)) => Next::Failed(TurnError::from(error).into()),
                    },
                    () = sleep_until(deadline) => {
                        Next::Failed(TurnError::from(late).into())
                    }
                    () = comment, if self.events => Next::Comment,
                }
            }
        };
        if matches!(next, Next::Comment | Next::Bytes(_)) {
            self.comment = Instant::now() + COMMENTS;
        }
        next
    }

    /// Returns the bytes to pass on now, and holds the rest until its event is complete.
    fn pass(&mut self, bytes: Bytes) -> Bytes {
        self.meter.bytes(&bytes);
        if let Some(translator) = &mut self.translator {
            let translated = translator.feed(&bytes);
            if translator.is_over() {
                self.meter.completed();
            }
            return translated.into();
        }
        if !self.events {
            return bytes;
        }
        let end = events_end(&bytes);
        if self.held.is_empty() && end == bytes.len() {
            self.between = true;
            self.look(&bytes);
            return bytes;
        }
        let held = self.held.len() + bytes.len() - end;
        if end == 0 && held <= HELD_EVENT && memchr::memchr(b'\r', &bytes).is_none() {
            self.held.extend_from_slice(&bytes);
            return Bytes::new();
        }
        let whole = held > HELD_EVENT || end == 0;
        let end = if whole { bytes.len() } else { end };
        let mut passed = std::mem::take(&mut self.held);
        let (now, later) = bytes.split_at(end);
        passed.extend_from_slice(now);
        self.held.extend_from_slice(later);
        self.between = !whole;
        if whole {
            // The end may be in a part of an event.
            self.end = None;
        }
        self.look(&passed);
        passed.into()
    }

    /// Looks for the end of the stream in events.
    fn look(&mut self, events: &[u8]) {
        if let Some(end) = &mut self.end {
            end.look(events);
        }
    }

    /// Returns the last bytes: an error, if the answer is not complete.
    fn end(&mut self) -> Bytes {
        if matches!(self.source, Source::Over) {
            return Bytes::new();
        }
        let held = std::mem::take(&mut self.held);
        self.look(&held);
        if self.end.as_ref().is_some_and(|end| !end.has_come()) {
            return self.end_incomplete(held);
        }
        self.source = Source::Over;
        self.meter.completed();
        match &mut self.translator {
            Some(translator) => translator.end().into(),
            None => held.into(),
        }
    }

    /// Returns the end of a stream that broke off, after an event whose empty line is missing. One that is cut is left
    /// out.
    fn end_incomplete(&mut self, mut held: Vec<u8>) -> Bytes {
        if held.last() != Some(&b'\n') {
            held.clear();
        }
        let cause = ApiError::new(
            StatusCode::BAD_GATEWAY,
            "incomplete",
            "the provider's stream broke off",
        );
        let event = self.fail(&cause).unwrap_or_default();
        if !held.is_empty() {
            held.push(b'\n');
            held.extend_from_slice(&event);
            return held.into();
        }
        event
    }

    /// Reads an answer from now on, with the way back to the client's dialect.
    pub(super) fn read(&mut self, reading: Reading, translation: Option<Translation>) {
        self.translator = translation.as_ref().and_then(Translation::of_stream);
        self.translation = translation;
        self.source = Source::Reading(match self.translator {
            Some(_) => reading.limited(),
            None => reading,
        });
        self.end = (self.events && self.translator.is_none()).then(|| self.dialect.end());
    }

    /// Begins to read the answer. Returns the event of an error if there is none.
    fn arrive(&mut self, outcome: Result<Arrived, Failure>) -> Option<Bytes> {
        match outcome {
            Ok(mut arrived) if is_events(&arrived.headers) => {
                self.meter.served(&arrived.served);
                let translation = arrived.translation.take();
                let reading = Reading::new(&mut arrived, true);
                self.read(reading, translation);
                None
            }
            Ok(arrived) => {
                self.meter.served(&arrived.served);
                self.fail(&bad_answer(&arrived, "it is no stream of events")).ok()
            }
            Err(Failure::Refusal(refusal)) => {
                self.meter.served(&refusal.served);
                self.over();
                Some(refusal.event(self.dialect))
            }
            Err(Failure::Error(error)) => self.fail(&error).ok(),
        }
    }

    /// Ends the answer, which is not complete.
    fn over(&mut self) {
        self.source = Source::Over;
        self.held.clear();
        self.meter.broke_off();
    }

    /// Ends the response with an error: in an event, or by breaking it off.
    fn fail(&mut self, error: &ApiError) -> io::Result<Bytes> {
        self.over();
        if !self.events {
            return Err(io::Error::other("the provider's answer broke off"));
        }
        let incomplete;
        let error = if self.meter.has_begun() {
            incomplete = failure::incomplete(&error.message);
            &incomplete
        } else {
            error
        };
        Ok(self.dialect.error_event(error))
    }
}

/// Returns the position after the last complete event.
fn events_end(bytes: &[u8]) -> usize {
    let end = |separator: &[u8]| memchr::memmem::rfind(bytes, separator).map(|at| at + separator.len());
    if bytes.ends_with(b"\n\n") || bytes.ends_with(b"\n\r\n") {
        return bytes.len();
    }
    end(b"\n\n").max(end(b"\n\r\n")).unwrap_or(0)
}
