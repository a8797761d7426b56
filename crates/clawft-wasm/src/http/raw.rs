//! Strategy B: `wasi:http` through its raw bindings.
//!
//! Three rules that the interface does not enforce, each of which hangs or traps when broken:
//!
//! - The request is handed to the host *before* its body is written. The host buffers little and takes more only once it
//!   is sending.
//! - Nothing waits without the deadline's timer beside it. The timeouts in the request's options are hints that a host may
//!   ignore (wasmtime's own are 600 s).
//! - Resources are dropped children first: pollables before what they watch, streams before their bodies. Rust drops
//!   locals in reverse order, so each child is declared after its parent.

mod cause;

use super::{HttpError, PROGRESS, Part, Request, Sink};
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

/// How many bytes of body are asked for at once.
const READ_SIZE: u64 = 64 * 1024;

pub(super) fn exchange(request: &Request<'_>, sink: Sink<'_>) -> Result<(), HttpError> {
    let deadline = Deadline::after(request.timeout);
    let outgoing = outgoing_request(request)?;
    let upload = match request.body {
        Some(_) => Some(outgoing.body().map_err(|()| HttpError::InvalidRequest("the host takes no body"))?),
        None => None,
    };
    let future = outgoing_handler::handle(outgoing, Some(options(request.timeout)))
        .map_err(|code| deadline.explain(code))?;
    // Where the server answers early, the rest of the upload has to stay open until the answer is read.
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
        // Without it the body goes out in chunks, which some providers' proxies refuse.
        append(&fields, "content-length", &body.len().to_string())?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if request.url.https { Scheme::Https } else { Scheme::Http };
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

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "HEAD" => Method::Head,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// The time for each phase, as hints for the host: it can then give up early and close the connection.
fn options(timeout: Duration) -> RequestOptions {
    let options = RequestOptions::new();
    let whole = nanoseconds(timeout);
    // A host that does not support one of them says so, and our own deadline holds all the same.
    let _ = options.set_connect_timeout(Some(whole));
    let _ = options.set_first_byte_timeout(Some(whole));
    // Later than our deadline: what a host says of a body that broke off does not tell a timeout from anything else.
    let _ = options.set_between_bytes_timeout(Some(whole.saturating_mul(2)));
    options
}

/// Writes the whole body; gives the upload back where it could not be finished, because the server answered before it
/// had all of it or because the connection failed. Either way `future` knows more.
fn send_body(
    upload: OutgoingBody,
    body: &[u8],
    future: &FutureIncomingResponse,
    deadline: &Deadline,
) -> Result<Option<OutgoingBody>, HttpError> {
    let stream =
        upload.write().map_err(|()| HttpError::Unavailable("the host gave no stream to write to".into()))?;
    let written = write_all(&stream, body, future, deadline)?;
    drop(stream);
    if !written {
        return Ok(Some(upload));
    }
    // The host may find the body at odds with its length or the connection gone: `future` says that as well.
    let _ = OutgoingBody::finish(upload, None);
    Ok(None)
}

/// Writes as much at a time as the host has room for and flushes at the end. False if that was not to be.
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
        if renewed && progress >= PROGRESS {
            progress = 0;
            deadline = Deadline::after(deadline.timeout);
        }
        if !bytes.is_empty() && sink(Part::Body(&bytes)).is_break() {
            return Ok(());
        }
    }
}

/// The host's words, less the backtrace that it may append. `http-error-code` could be asked for a code to put into words
/// of ours, but it is 1.7 KB of component, and wasmtime 49 knows none here.
fn interrupted(error: &Error) -> HttpError {
    HttpError::Interrupted(error.to_debug_string().split('\n').next().unwrap_or_default().to_owned())
}

/// The moment at which an exchange has to be over.
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
        Self { timeout, timer: monotonic_clock::subscribe_duration(nanoseconds(timeout)) }
    }

    fn wait_for(&self, one: &Pollable) -> Result<(), HttpError> {
        self.wait_for_either(one, one).map(|_| ())
    }

    /// Waits for one of two; the first one wins where both are ready, and the deadline over both.
    fn wait_for_either(&self, first: &Pollable, second: &Pollable) -> Result<Ready, HttpError> {
        let ready = poll(&[first, second, &self.timer]);
        if ready.contains(&2) {
            return Err(HttpError::TimedOut(self.timeout));
        }
        Ok(if ready.contains(&0) { Ready::First } else { Ready::Second })
    }

    /// The host's code as an error; its own timeouts, which were set to ours, are this deadline.
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
