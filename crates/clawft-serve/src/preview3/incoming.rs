//! The request of a client.

use std::time::Duration;

use wasip3::http::types::{Method, Request};

use super::{body::Reader, in_time, now};
use crate::{
    refusal::Refusal,
    request::{Incoming, Limited, broken_off, too_slow},
};

/// The time that a client may take for a request's body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The number of bytes to read at once.
const READ_SIZE: usize = 64 * 1024;

/// Returns the head of a request.
pub(super) fn head(request: &Request) -> Incoming {
    let headers = request.get_headers().copy_all().into_iter();
    Incoming {
        method: method(request.get_method()),
        target: request.get_path_with_query().unwrap_or_default(),
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
pub(super) async fn body(request: Request, length: Option<usize>, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut body = Limited::new(limit, length)?;
    let mut reader = Reader::of_request(&request, length);
    let deadline = now().saturating_add(BODY_TIME);
    while let Some(bytes) = in_time(deadline.saturating_sub(now()), reader.read(READ_SIZE))
        .await
        .ok_or_else(too_slow)?
    {
        body.add(&bytes)?;
    }
    match in_time(deadline.saturating_sub(now()), reader.end()).await {
        Some(Ok(())) => body.end(),
        Some(Err(_)) => Err(broken_off()),
        None => Err(too_slow()),
    }
}
