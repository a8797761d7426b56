//! Back end B: `wasi:http` through its raw bindings.
//!
//! Three rules that the interface does not enforce; breaking any of them hangs or traps:
//!
//! - The request is passed to the host *before* its body is written. The host buffers little, and accepts
//!   more only once it is sending.
//! - Every wait includes the deadline's timer. The timeouts in the request's options are hints that a host
//!   may ignore (wasmtime's own are 600 s).
//! - Resources are dropped children first: pollables before the resource that they watch, streams before
//!   their bodies. Rust drops locals in reverse order, so each child is declared after its parent; and fields in
//!   their order, so there each child is declared before its parent.

mod calls;
mod cause;

pub use calls::finish;

use std::time::Duration;

use clawft_core::TimeLimit;
use clawft_store::clock::nanoseconds;
use clawft_types::text::{Ascii as _, number};
use wasip2::{
    clocks::monotonic_clock,
    http::types::{
        Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody,
        OutgoingRequest, RequestOptions, Scheme,
    },
    io::{
        error::Error,
        poll::{Pollable, poll},
        streams::{InputStream, OutputStream, StreamError},
    },
};

use super::{HttpError, Part, Request};

pub(super) const IS_REAL: bool = true;

/// The number of body bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// A request that was sent.
pub(super) struct Exchange {
    /// `None` until the response has begun.
    incoming: Option<Incoming>,
    // If the server answers early, the unfinished upload has to stay open until the answer is read.
    _unfinished: Option<OutgoingBody>,
    future: FutureIncomingResponse,
    deadline: Deadline,
    idle: Duration,
    /// Whether the body has begun.
    begun: bool,
    /// Whether the last part was a pause.
    paused: bool,
}

/// A response that has begun.
struct Incoming {
    chunk: Vec<u8>,
    readable: Pollable,
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl Exchange {
    pub(super) fn begin(request: &Request<'_>) -> Result<Self, HttpError> {
        let mut deadline = Deadline::new(request);
        let outgoing = outgoing_request(request)?;
        let upload = match request.body {
            Some(_) => Some(
                outgoing
                    .body()
                    .map_err(|()| HttpError::InvalidRequest("the host takes no body"))?,
            ),
            None => None,
        };
        let future = calls::handle(outgoing, options(request)).map_err(|code| deadline.explain(code))?;
        let unfinished = match (upload, request.body) {
            (Some(upload), Some(body)) => send_body(upload, body, &future, &mut deadline)?,
            _ => None,
        };
        Ok(Self {
            incoming: None,
            _unfinished: unfinished,
            future,
            deadline,
            idle: request.idle_timeout,
            begun: false,
            paused: false,
        })
    }

    pub(super) fn receive(&mut self) -> Result<Option<Part<'_>>, HttpError> {
        if self.incoming.is_none() {
            return self.open().map(Some);
        }
        let Some(incoming) = &mut self.incoming else {
            return Ok(None);
        };
        // The time that the caller took does not count.
        if self.begun {
            self.deadline.renew(self.idle)?;
        }
        loop {
            match incoming.stream.read(READ_SIZE) {
                // Waiting costs more than reading, so it comes last.
                Ok(bytes) if bytes.is_empty() && self.paused => self.deadline.wait_for(&incoming.readable)?,
                Ok(bytes) if bytes.is_empty() => {
                    self.paused = true;
                    return Ok(Some(Part::Pause));
                }
                Ok(bytes) => {
                    self.begun = true;
                    self.paused = false;
                    incoming.chunk = bytes;
                    return Ok(Some(Part::Body(&incoming.chunk)));
                }
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(error)) => return Err(interrupted(&error)),
            }
        }
    }

    pub(super) fn wait(&mut self, time: Duration) -> Result<bool, HttpError> {
        let Some(incoming) = &self.incoming else {
            return Ok(true);
        };
        let timer = monotonic_clock::subscribe_duration(nanoseconds(time));
        let ready = self.deadline.wait_for_either(&incoming.readable, &timer)?;
        Ok(ready == Ready::First)
    }

    /// Waits for the response to begin.
    fn open(&mut self) -> Result<Part<'static>, HttpError> {
        let response = await_response(&self.future, &mut self.deadline)?;
        let headers = response.headers().entries().into_iter();
        let head = Part::Head {
            status: response.status(),
            headers: super::handed_on(
                headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())),
            ),
        };
        let no_body = |()| HttpError::Interrupted("the host gave no body to read".into());
        let body = response.consume().map_err(no_body)?;
        let stream = body.stream().map_err(no_body)?;
        self.incoming = Some(Incoming {
            chunk: Vec::new(),
            readable: stream.subscribe(),
            stream,
            _body: body,
            _response: response,
        });
        Ok(head)
    }
}

fn outgoing_request(request: &Request<'_>) -> Result<OutgoingRequest, HttpError> {
    let fields = Fields::new();
    for (name, value) in request.headers {
        if !name.eq_ignore_ascii_case("content-length") {
            append(&fields, name, value)?;
        }
    }
    if let Some(body) = request.body {
        // Without it the body is sent in chunks, which some providers' proxies reject.
        append(&fields, "content-length", &number(body.len() as u64))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if request.url.https {
        Scheme::Https
    } else {
        Scheme::Http
    };
    outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(request.url.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&request.url.path_with_query)))
        .map_err(|()| HttpError::InvalidRequest("the host does not take the method or the URL"))?;
    Ok(outgoing)
}

fn append(fields: &Fields, name: &str, value: &str) -> Result<(), HttpError> {
    fields
        .append(name, value.as_bytes())
        .map_err(|_| HttpError::InvalidRequest("the host does not let one of the headers be set"))
}

fn method(method: clawft_core::Method) -> Method {
    match method {
        clawft_core::Method::Get => Method::Get,
        clawft_core::Method::Post => Method::Post,
        clawft_core::Method::Put => Method::Put,
        clawft_core::Method::Patch => Method::Patch,
        clawft_core::Method::Delete => Method::Delete,
    }
}

/// Returns the timeouts of each phase, as hints that let the host give up early and close the connection.
fn options(request: &Request<'_>) -> RequestOptions {
    let options = RequestOptions::new();
    let first = Some(nanoseconds(request.timeout));
    // A host may not support one of them; our own deadline holds anyway.
    let _ = options.set_connect_timeout(first);
    let _ = options.set_first_byte_timeout(first);
    // Later than our deadlines, because the host's error for a broken body does not distinguish a timeout from
    // other causes.
    let between = request.timeout.max(request.idle_timeout);
    let _ = options.set_between_bytes_timeout(Some(nanoseconds(between).saturating_mul(2)));
    options
}

/// Writes the whole body. Returns the upload if it could not be finished, because the server answered before
/// it had all of it or because the connection failed; `future` then has the cause.
fn send_body(
    upload: OutgoingBody,
    body: &[u8],
    future: &FutureIncomingResponse,
    deadline: &mut Deadline,
) -> Result<Option<OutgoingBody>, HttpError> {
    let stream = upload
        .write()
        .map_err(|()| HttpError::Unavailable("the host gave no stream to write to".into()))?;
    let written = write_all(&stream, body, future, deadline)?;
    drop(stream);
    if !written {
        return Ok(Some(upload));
    }
    finish(upload);
    Ok(None)
}

/// Writes as much at a time as the host accepts, and flushes at the end. Returns false if the stream failed.
fn write_all(
    stream: &OutputStream,
    mut left: &[u8],
    future: &FutureIncomingResponse,
    deadline: &mut Deadline,
) -> Result<bool, HttpError> {
    let writable = stream.subscribe();
    let answered = future.subscribe();
    let mut flushing = false;
    loop {
        let room = match stream.check_write() {
            Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
            Err(_) => return Ok(false),
        };
        if room == 0 {
            if deadline.wait_for_either(&writable, &answered)? == Ready::Second {
                return Ok(false);
            }
        } else if flushing {
            return Ok(true);
        } else if left.is_empty() {
            flushing = true;
            if stream.flush().is_err() {
                return Ok(false);
            }
        } else {
            let (now, later) = left.split_at(room.min(left.len()));
            if stream.write(now).is_err() {
                return Ok(false);
            }
            left = later;
        }
    }
}

fn await_response(
    future: &FutureIncomingResponse,
    deadline: &mut Deadline,
) -> Result<IncomingResponse, HttpError> {
    let answered = future.subscribe();
    loop {
        match calls::get(future) {
            Some(answer) => return answer.map_err(|code| deadline.explain(code)),
            None => deadline.wait_for(&answered)?,
        }
    }
}

/// Returns the host's message without the backtrace that it may append. `http-error-code` could return a
/// code, but it would add 1.7 KB to the component, and wasmtime 49 knows none here.
fn interrupted(error: &Error) -> HttpError {
    HttpError::Interrupted(
        error
            .to_debug_string()
            .pieces(b'\n')
            .next()
            .unwrap_or_default()
            .to_owned(),
    )
}

/// The time by which the next byte has to arrive, and the last one. Times are in nanoseconds of the host's
/// clock.
struct Deadline {
    /// The limit for the next byte.
    limit: TimeLimit,
    time: Duration,
    due: u64,
    total_time: Duration,
    total_due: u64,
    /// Ready at `alarm`, which is never later than both limits. It is kept while bytes arrive, because a new one
    /// for each of them would cost more than reading it.
    timer: Pollable,
    alarm: u64,
}

#[derive(PartialEq)]
enum Ready {
    First,
    Second,
}

impl Deadline {
    fn new(request: &Request<'_>) -> Self {
        let due = after(request.timeout);
        Self {
            limit: TimeLimit::FirstByte,
            time: request.timeout,
            due,
            total_time: request.total_timeout,
            total_due: after(request.total_timeout),
            timer: monotonic_clock::subscribe_instant(due),
            alarm: due,
        }
    }

    /// Begins the time for the next byte. Fails if the whole time is over.
    fn renew(&mut self, idle: Duration) -> Result<(), HttpError> {
        let now = monotonic_clock::now();
        self.limit = TimeLimit::Idle;
        self.time = idle;
        self.due = now.saturating_add(nanoseconds(idle));
        if self.due < self.alarm {
            self.set_alarm();
        }
        if now < self.total_due {
            return Ok(());
        }
        Err(HttpError::TimedOut(self.total_time, TimeLimit::Total))
    }

    fn set_alarm(&mut self) {
        self.alarm = self.due.min(self.total_due);
        self.timer = monotonic_clock::subscribe_instant(self.alarm);
    }

    fn wait_for(&mut self, one: &Pollable) -> Result<(), HttpError> {
        self.wait_for_either(one, one).map(|_| ())
    }

    /// Waits for one of two pollables; the first one wins if both are ready, and the deadline wins over both.
    fn wait_for_either(&mut self, first: &Pollable, second: &Pollable) -> Result<Ready, HttpError> {
        loop {
            let ready = poll(&[first, second, &self.timer]);
            if ready.contains(&2) {
                let now = monotonic_clock::now();
                if now >= self.total_due {
                    return Err(HttpError::TimedOut(self.total_time, TimeLimit::Total));
                }
                if now >= self.due {
                    return Err(HttpError::TimedOut(self.time, self.limit));
                }
                self.set_alarm();
            } else if ready.contains(&0) {
                return Ok(Ready::First);
            } else {
                return Ok(Ready::Second);
            }
        }
    }

    /// Maps the host's code to an error; the host's own timeouts, which were set to ours, become this
    /// deadline's.
    fn explain(&self, code: calls::ErrorCode) -> HttpError {
        if cause::is_timeout(&code) {
            HttpError::TimedOut(self.time, self.limit)
        } else if cause::is_lasting(&code) {
            HttpError::Impossible(cause::words(code))
        } else {
            HttpError::Unavailable(cause::words(code))
        }
    }
}

/// Returns the instant after this `time`.
fn after(time: Duration) -> u64 {
    monotonic_clock::now().saturating_add(nanoseconds(time))
}
