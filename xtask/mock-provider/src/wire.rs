//! Answers that break off: a head that promises a whole body, and half of it.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Response, header},
};
use futures_util::{StreamExt as _, stream};

/// How long a connection stays open after half a body, so that the half arrives before the end of it does.
const LINGER: Duration = Duration::from_millis(50);

/// Half of `body`, then nothing: the connection stays open until the client closes it.
pub(crate) fn stalled(body: &[u8]) -> Response<Body> {
    let half = stream::iter([Ok::<_, Infallible>(first_half(body))]);
    promising(body.len(), Body::from_stream(half.chain(stream::pending())))
}

/// Half of `body`, then the end of the connection.
pub(crate) fn truncated(body: &[u8]) -> Response<Body> {
    let half = stream::iter([Ok(first_half(body))]);
    let end = stream::once(async {
        tokio::time::sleep(LINGER).await;
        Err(io::Error::other("broken off on purpose"))
    });
    promising(body.len(), Body::from_stream(half.chain(end)))
}

fn first_half(body: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len() / 2])
}

/// A good head for a body of `length` bytes, whatever `body` really holds.
fn promising(length: usize, body: Body) -> Response<Body> {
    let head = Response::builder().header(header::CONTENT_TYPE, "application/json");
    head.header(header::CONTENT_LENGTH, length).body(body).expect("a valid head")
}
