//! Back end B: `wasi:http` through its raw bindings.
//!
//! Three rules that the interface does not enforce; breaking any of them hangs or traps:
//!
//! - The request is passed to the host *before* its body is written. The host buffers little, and accepts
//!   more only once it is sending.
//! - Every wait includes the deadline's timer. The timeouts in the request's options are hints that a host
//!   may ignore (wasmtime's own are 600 s).
//! - Resources are dropped children first: pollables before the resource that they watch, streams before
//!   their bodies. Rust drops locals in reverse order, so each child is declared after its parent.

mod cause;

use super::{HttpError, Part, Request, Sink};
use clawft_core::http::PROGRESS_BYTES;
use clawft_store::clock::nanoseconds;
use std::time::Duration;
use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::error::Error;
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{OutputStream, StreamError};

pub(super) const IS_REAL: bool = true;

/// The number of body bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

pub(super) fn exchange(request: &Request<'_>, sink: Sink<'_>) -> Result<(), HttpError> {
    let deadline = Deadline::after(request.timeout);
    let outgoing = outgoing_request(request)?;
    let upload = match request.body {
        Some(_) => Some(
            outgoing
                .body()
                .map_err(|()| HttpError::InvalidRequest("the host takes no body"))?,
        ),
        None => None,
    };
    let future = outgoing_handler::handle(outgoing, Some(options(request.timeout)))
        .map_err(|code| deadline.explain(code))?;
    // If the server answers early, the unfinished upload has to stay open until the answer is read.
    let _unfinished = match (upload, request.body) {
        (Some(upload), Some(body)) => send_body(upload, body, &future, &deadline)?,
        _ => None,
    };
    let response = await_response(&future, &deadline)?;
    let headers = response.headers().entries().into_iter();
    let head = Part::Head {
        status: response.status(),
        headers: super::handed_on(
            headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())),
        ),
    };
    if sink(head).is_break() {
        return Ok(());
    }
    read_body(&response, deadline, request.renewed, sink)
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
        append(&fields, "content-length", &body.len().to_string())?;
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
fn options(timeout: Duration) -> RequestOptions {
    let options = RequestOptions::new();
    let whole = nanoseconds(timeout);
    // A host may not support one of them; our own deadline holds anyway.
    let _ = options.set_connect_timeout(Some(whole));
    let _ = options.set_first_byte_timeout(Some(whole));
    // Later than our deadline, because the host's error for a broken body does not distinguish a timeout from
    // other causes.
    let _ = options.set_between_bytes_timeout(Some(whole.saturating_mul(2)));
    options
}

/// Writes the whole body. Returns the upload if it could not be finished, because the server answered before
/// it had all of it or because the connection failed; `future` then has the cause.
fn send_body(
    upload: OutgoingBody,
    body: &[u8],
    future: &FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<Option<OutgoingBody>, HttpError> {
    let stream = upload
        .write()
        .map_err(|()| HttpError::Unavailable("the host gave no stream to write to".into()))?;
    let written = write_all(&stream, body, future, deadline)?;
    drop(stream);
    if !written {
        return Ok(Some(upload));
    }
    // The host may report a wrong body length or a closed connection; `future` reports both as well.
    let _ = OutgoingBody::finish(upload, None);
    Ok(None)
}

/// Writes as much at a time as the host accepts, and flushes at the end. Returns false if the stream failed.
fn write_all(
    stream: &OutputStream,
    mut left: &[u8],
    future: &FutureIncomingResponse,
    deadline: &Deadline,
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
    deadline: &Deadline,
) -> Result<IncomingResponse, HttpError> {
    let answered = future.subscribe();
    loop {
        match future.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(code))) => return Err(deadline.explain(code)),
            Some(Err(())) => return Err(HttpError::Unavailable("the host gave the response away".into())),
            None => deadline.wait_for(&answered)?,
        }
    }
}

fn read_body(
    response: &IncomingResponse,
    mut deadline: Deadline,
    renewed: bool,
    sink: Sink<'_>,
) -> Result<(), HttpError> {
    let no_body = |()| HttpError::Interrupted("the host gave no body to read".into());
    let body = response.consume().map_err(no_body)?;
    let stream = body.stream().map_err(no_body)?;
    let readable = stream.subscribe();
    let mut progress = 0;
    loop {
        deadline.wait_for(&readable)?;
        let bytes = match stream.read(READ_SIZE) {
            Ok(bytes) => bytes,
            Err(StreamError::Closed) => return Ok(()),
            Err(StreamError::LastOperationFailed(error)) => return Err(interrupted(&error)),
        };
        progress += bytes.len();
        if renewed && progress >= PROGRESS_BYTES {
            progress = 0;
            deadline = Deadline::after(deadline.timeout);
        }
        if !bytes.is_empty() && sink(Part::Body(&bytes)).is_break() {
            return Ok(());
        }
    }
}

/// Returns the host's message without the backtrace that it may append. `http-error-code` could return a
/// code, but it would add 1.7 KB to the component, and wasmtime 49 knows none here.
fn interrupted(error: &Error) -> HttpError {
    HttpError::Interrupted(
        error
            .to_debug_string()
            .split('\n')
            .next()
            .unwrap_or_default()
            .to_owned(),
    )
}

/// The time by which an exchange has to be complete.
struct Deadline {
    timeout: Duration,
    timer: Pollable,
}

#[derive(PartialEq)]
enum Ready {
    First,
    Second,
}

impl Deadline {
    fn after(timeout: Duration) -> Self {
        Self {
            timeout,
            timer: monotonic_clock::subscribe_duration(nanoseconds(timeout)),
        }
    }

    fn wait_for(&self, one: &Pollable) -> Result<(), HttpError> {
        self.wait_for_either(one, one).map(|_| ())
    }

    /// Waits for one of two pollables; the first one wins if both are ready, and the deadline wins over both.
    fn wait_for_either(&self, first: &Pollable, second: &Pollable) -> Result<Ready, HttpError> {
        let ready = poll(&[first, second, &self.timer]);
        if ready.contains(&2) {
            return Err(HttpError::TimedOut(self.timeout));
        }
        Ok(if ready.contains(&0) {
            Ready::First
        } else {
            Ready::Second
        })
    }

    /// Maps the host's code to an error; the host's own timeouts, which were set to ours, become this
    /// deadline's.
    fn explain(&self, code: ErrorCode) -> HttpError {
        if cause::is_timeout(&code) {
            HttpError::TimedOut(self.timeout)
        } else if cause::is_lasting(&code) {
            HttpError::Impossible(cause::words(code))
        } else {
            HttpError::Unavailable(cause::words(code))
        }
    }
}
