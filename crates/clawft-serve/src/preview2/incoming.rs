//! The request of a client.

use std::time::Duration;

use wasip2::{
    clocks::monotonic_clock,
    http::types::{IncomingRequest, Method},
    io::streams::StreamError,
};

use super::is_ready_in;
use crate::{
    refusal::Refusal,
    request::{Incoming, Limited, broken_off, too_slow},
};

/// The time that a client may take for a request's body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The number of bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// Returns the head of a request.
pub(super) fn head(request: &IncomingRequest) -> Incoming {
    let headers = request.headers().entries().into_iter();
    Incoming {
        method: method(request.method()),
        target: request.path_with_query().unwrap_or_default(),
        headers: headers
            .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
            .collect(),
    }
}

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Other(name) => return name,
        // No path has any other one.
        _ => "OTHER",
    };
    name.to_owned()
}

/// Reads the body of a request, at most `limit` bytes; `length` is the one that the client names.
pub(super) fn body(
    request: &IncomingRequest,
    length: Option<usize>,
    limit: usize,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Limited::new(limit, length)?;
    let incoming = request.consume().map_err(|()| broken_off())?;
    let stream = incoming.stream().map_err(|()| broken_off())?;
    let readable = stream.subscribe();
    let deadline = monotonic_clock::now().saturating_add(super::nanoseconds(BODY_TIME));
    loop {
        match stream.read(READ_SIZE) {
            Ok(bytes) if bytes.is_empty() => {
                let left = deadline.saturating_sub(monotonic_clock::now());
                if !is_ready_in(&readable, Duration::from_nanos(left)) {
                    return Err(too_slow());
                }
            }
            Ok(bytes) => body.add(&bytes)?,
            Err(StreamError::Closed) => return body.end(),
            Err(StreamError::LastOperationFailed(_)) => return Err(broken_off()),
        }
    }
}
