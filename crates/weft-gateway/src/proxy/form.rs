//! The form of an answer: complete, or a stream of events.
//!
//! A client gets the form that it asked for. Some servers cannot stream, and some know nothing else: their answers
//! are converted. The first bytes decide what an answer is, because servers name the wrong type.

use std::time::{Duration, SystemTime};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use clawft_api::{
    Collector, Dialect, Envelope, ErrorBody, ErrorKind, StreamStart, error_in_answer, error_in_choices,
    whole_as_events,
};
use clawft_core::{TimeLimit, TransportError, sniff::is_stream};
use clawft_types::Provider;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};
use weft_agent::forward::{Body, Endpoint, broken};

use super::{exchange::ArrivedBody, missed::Missed, response::is_events, translation::Translation};
use crate::{state::Shared, time, work_limits::SMALL};

/// The largest complete answer, in bytes, that is read before any of it is passed on. Until then the request
/// can be sent again.
const HELD: usize = 256 * 1024;

/// The largest body, in bytes, that may be an error in place of an answer.
const LARGEST_ERROR: usize = 16 * 1024;

/// The bytes that mark a text as UTF-8, which JSON does not have.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The factor by which a stream may be longer than its text: its events hold more than the text.
pub(super) const STREAM_OVERHEAD: usize = 16;

/// The form that a client wants, and the limits of the answer.
pub(super) struct Form<'a> {
    pub(super) shared: &'a Shared,
    pub(super) endpoint: &'a Endpoint,
    pub(super) provider: &'a Provider,
    /// The provider's dialect; `None` if the path has one form only.
    pub(super) dialect: Option<Dialect>,
    /// Whether the client wants a stream.
    pub(super) stream: bool,
    /// Whether a stream of chat chunks has an event for the usage.
    pub(super) include_usage: bool,
    /// The way back to the client's dialect, if the provider speaks another one. A complete answer has to be read to
    /// its end for that.
    pub(super) translation: Option<&'a mut Translation>,
    /// The time for the first byte, or for all of a complete answer, and what it is called.
    pub(super) limit: (Duration, TimeLimit),
    /// The end of that time.
    pub(super) deadline: Instant,
}

/// The reason why an answer cannot be passed on.
pub(super) enum Unfit {
    /// The stream has an error.
    Error(StatusCode, Bytes),
    /// It is not an answer.
    Missed(Box<Missed>),
}

impl From<Missed> for Unfit {
    fn from(missed: Missed) -> Unfit {
        Unfit::Missed(Box::new(missed))
    }
}

impl From<TransportError> for Unfit {
    fn from(error: TransportError) -> Unfit {
        Missed::transport(error).into()
    }
}

impl Form<'_> {
    /// Returns the body of a successful response in the form that the client wants, and corrects its type in
    /// `headers`.
    pub(super) async fn take(
        mut self,
        headers: &mut HeaderMap,
        mut body: Body,
    ) -> Result<ArrivedBody, Unfit> {
        let declared = is_events(headers);
        let encoded = headers.contains_key(header::CONTENT_ENCODING);
        if let Some(encoding) = headers
            .get(header::CONTENT_ENCODING)
            .filter(|_| self.translation.is_some())
        {
            let encoding = encoding.to_str().unwrap_or_default();
            return Err(self.bad(&format!("it is encoded as `{encoding}`, which was not asked for")));
        }
        let dialect = self.dialect.filter(|_| !encoded);
        let mut first = Bytes::new();
        let mut known = None;
        while dialect.is_some() && known.is_none() {
            match self.in_time(self.deadline, self.limit, next(&mut body)).await? {
                None => break,
                Some(data) if first.is_empty() => first = data,
                Some(data) => first = [first, data].concat().into(),
            }
            known = is_stream(&first, declared);
        }
        let events = known.unwrap_or(declared);
        match dialect {
            _ if self.stream && events => {
                set_type(headers, "text/event-stream");
                match dialect {
                    Some(dialect) => self.begun(dialect, first, body).await,
                    None => Ok(ArrivedBody::Rest(first, Some(body))),
                }
            }
            Some(dialect) if events => {
                let whole = self.gather(dialect, first, body).await?;
                set_type(headers, "application/json");
                self.translated(whole).await
            }
            _ => self.complete(headers, dialect, first, body).await,
        }
    }

    /// Reads a stream up to the end of its first event: an error in its place is a status, and another provider may be
    /// asked.
    async fn begun(&self, dialect: Dialect, first: Bytes, mut body: Body) -> Result<ArrivedBody, Unfit> {
        let mut start = StreamStart::new(dialect);
        let mut begins = start.feed(&first);
        let mut more = Vec::new();
        while begins.is_none() && more.len() < HELD {
            let idle = self.provider.idle_timeout;
            let limit = match first.is_empty() {
                true => (self.deadline, self.limit),
                false => (Instant::now() + idle, (idle, TimeLimit::Idle)),
            };
            let Some(data) = self.in_time(limit.0, limit.1, next(&mut body)).await? else {
                begins = Some(start.finish());
                break;
            };
            begins = start.feed(&data);
            more.extend_from_slice(&data);
        }
        begins
            .unwrap_or(Ok(()))
            .map_err(|error| self.error(dialect, &error))?;
        let begun = match more.is_empty() {
            true => first,
            false => [&*first, &*more].concat().into(),
        };
        Ok(ArrivedBody::Rest(begun, Some(body)))
    }

    /// Reads a complete answer, and converts it if the client wants a stream.
    async fn complete(
        &mut self,
        headers: &mut HeaderMap,
        dialect: Option<Dialect>,
        first: Bytes,
        body: Body,
    ) -> Result<ArrivedBody, Unfit> {
        let limit = self.provider.max_response;
        let converted = dialect.filter(|_| self.stream);
        let is_read = self.translation.is_some() || converted.is_some();
        let held = if is_read { limit } else { HELD };
        let body = self
            .in_time(self.deadline, self.limit, collect(first, body, held))
            .await?
            .without_mark();
        let bytes = match body {
            ArrivedBody::Whole(bytes) => bytes,
            ArrivedBody::Rest(..) if is_read => return Err(TransportError::TooLarge { limit }.into()),
            rest @ ArrivedBody::Rest(..) => return Ok(rest),
        };
        self.check(headers, &bytes)?;
        match converted {
            Some(dialect) => {
                let events = self.as_events(dialect, bytes).await?;
                set_type(headers, "text/event-stream");
                Ok(ArrivedBody::Rest(events, None))
            }
            None => self.translated(bytes).await,
        }
    }

    /// Fails if a complete body cannot be an answer: all are JSON objects, and none is an error. An encoded one is the
    /// client's to read.
    fn check(&self, headers: &HeaderMap, bytes: &Bytes) -> Result<(), Unfit> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Ok(());
        }
        let envelope = Envelope::scan(bytes).map_err(|_| self.bad("it is not a JSON object"))?;
        let may_be_error = self.dialect.is_some() && !envelope.is_answer() && bytes.len() <= LARGEST_ERROR;
        match may_be_error.then(|| error_in_answer(bytes)).flatten() {
            Some(error) => Err(Unfit::Error(self.status(&error), bytes.clone())),
            None => Ok(()),
        }
    }

    /// Returns a complete answer in the client's dialect.
    async fn translated(&mut self, whole: Bytes) -> Result<ArrivedBody, Unfit> {
        self.check_choices(&whole).await?;
        let Some(translation) = &mut self.translation else {
            return Ok(ArrivedBody::Whole(whole));
        };
        let translated = translation.whole(self.shared, whole).await;
        translated
            .map(ArrivedBody::Whole)
            .map_err(|cause| self.bad(&cause))
    }

    /// Fails if an answer that is going to be translated is not a complete one. A large one is read on another thread.
    async fn check_choices(&self, whole: &Bytes) -> Result<(), Unfit> {
        if self.translation.is_none() || self.dialect != Some(Dialect::Chat) {
            return Ok(());
        }
        let found = if whole.len() <= SMALL {
            error_in_choices(whole)
        } else {
            let whole = whole.clone();
            self.parse(move || error_in_choices(&whole)).await?
        };
        match found {
            Some(error) => Err(self.error(Dialect::Chat, &error)),
            None => Ok(()),
        }
    }

    /// Returns the events of a complete answer: in the client's dialect, or if it is not an answer but an error, in the
    /// provider's. A large one is converted on another thread.
    async fn as_events(&mut self, dialect: Dialect, whole: Bytes) -> Result<Bytes, Unfit> {
        self.check_choices(&whole).await?;
        if let Some(translation) = &mut self.translation
            && let Ok(events) = translation.whole_as_events(self.shared, whole.clone()).await
        {
            return Ok(events);
        }
        let include_usage = self.include_usage;
        let length = whole.len();
        let convert = move || whole_as_events(dialect, &whole, include_usage);
        let events = match length <= SMALL {
            true => convert(),
            false => self.parse(convert).await?,
        };
        let events = events.map_err(|error| self.bad(&error.to_string()))?;
        Ok(events.into())
    }

    /// Reads a stream to its end. Returns the complete answer.
    async fn gather(&self, dialect: Dialect, first: Bytes, mut body: Body) -> Result<Bytes, Unfit> {
        let limit = self.provider.max_response;
        let mut room = limit.saturating_mul(STREAM_OVERHEAD);
        let end = Instant::now() + self.provider.total_timeout;
        let mut collector = Collector::new(dialect);
        let mut bytes = Some(first);
        while let Some(part) = bytes {
            room = room
                .checked_sub(part.len())
                .ok_or(TransportError::TooLarge { limit })?;
            if collector.feed(&part) {
                break;
            }
            let deadline = end.min(Instant::now() + self.provider.idle_timeout);
            let limit = (self.provider.idle_timeout, TimeLimit::Idle);
            bytes = self.in_time(deadline, limit, next(&mut body)).await?;
        }
        let created = time::unix(SystemTime::now());
        let whole = self.parse(move || collector.finish(created)).await?;
        let whole = whole.map_err(|error| self.error(dialect, &error))?;
        match whole.len() > limit {
            true => Err(TransportError::TooLarge { limit }.into()),
            false => Ok(whole.into()),
        }
    }

    /// Runs work on a body on another thread.
    async fn parse<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unfit> {
        let done = self.shared.work.parse(work).await;
        done.map_err(|error| Missed::request(error).into())
    }

    /// Returns the error in a stream as the status and body of a response.
    fn error(&self, dialect: Dialect, error: &ErrorBody) -> Unfit {
        Unfit::Error(self.status(error), error.write(dialect).into())
    }

    /// Returns the status of an error that came with one of success.
    fn status(&self, error: &ErrorBody) -> StatusCode {
        let status = match error.kind {
            ErrorKind::Server => 502,
            kind => kind.status(self.dialect.unwrap_or(Dialect::Chat)),
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
    }

    fn bad(&self, cause: &str) -> Unfit {
        Missed::of(self.endpoint.bad_response(cause).into(), None, true).into()
    }

    /// Returns the result of `work`, which has time until `deadline`.
    async fn in_time<T>(
        &self,
        deadline: Instant,
        (after, limit): (Duration, TimeLimit),
        work: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let done = timeout_at(deadline, work).await;
        done.unwrap_or(Err(TransportError::TimedOut { after, limit }))
    }
}

/// Reads the next bytes of a body; `None` at the end.
async fn next(body: &mut Body) -> Result<Option<Bytes>, TransportError> {
    loop {
        let frame = match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(broken(&error)),
        };
        match frame.into_data() {
            Ok(data) if !data.is_empty() => return Ok(Some(data)),
            _ => {}
        }
    }
}

/// Reads a body that begins with `first`, up to `limit` bytes of it.
pub(super) async fn collect(
    mut first: Bytes,
    mut body: Body,
    limit: usize,
) -> Result<ArrivedBody, TransportError> {
    let mut more: Vec<u8> = Vec::new();
    while first.len().max(more.len()) <= limit {
        let Some(data) = next(&mut body).await? else {
            return Ok(ArrivedBody::Whole(joined(first, more)));
        };
        if first.is_empty() {
            first = data;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&data);
        }
    }
    Ok(ArrivedBody::Rest(joined(first, more), Some(body)))
}

/// Returns the only frame, or all frames together.
fn joined(first: Bytes, more: Vec<u8>) -> Bytes {
    if more.is_empty() { first } else { more.into() }
}

impl ArrivedBody {
    /// Returns a complete body without the byte order mark that some servers put before it.
    fn without_mark(self) -> ArrivedBody {
        match self {
            ArrivedBody::Whole(body) if body.starts_with(BYTE_ORDER_MARK) => {
                ArrivedBody::Whole(body.slice(BYTE_ORDER_MARK.len()..))
            }
            body => body,
        }
    }
}

pub(super) fn set_type(headers: &mut HeaderMap, kind: &'static str) {
    let same = |value: &HeaderValue| value.as_bytes().starts_with(kind.as_bytes());
    if !headers.get(header::CONTENT_TYPE).is_some_and(same) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.remove(header::CONTENT_LENGTH);
    }
}
