//! What is done for every request: a name, a line in the log, the metrics, the headers, and an answer even to a panic.

use super::api_error::ApiError;
use super::log::Line;
use super::state::Shared;
use super::{headers, id};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http_body::{Frame, SizeHint};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The header that names a request, in both directions.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// The route of what has none.
const NO_ROUTE: &str = "none";

/// Answers by what is further in, and writes down what came of it when the last byte of the answer is sent.
pub(super) async fn observe(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut record = Record::new(shared, &request);
    // What is left behind by a panic is this request's alone.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let shared = record.shared.clone();
    let answered = tokio::select! {
        biased;
        answered = answer => answered,
        () = shared.given_up() => Ok(shared.refuse_at_end().into_response()),
    };
    let mut response = answered
        .unwrap_or_else(|_| ApiError::internal("the gateway failed, its log says where").into_response());
    record.status = response.status();
    headers::secure(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&record.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response.map(|body| Body::new(Observed { body, record }))
}

/// A request, and what is known of its answer. Written down when it is dropped, so that none is forgotten: also those
/// whose clients did not wait.
struct Record {
    shared: Shared,
    /// Keeps the gateway from its end.
    _answer: TaskTrackerToken,
    id: String,
    method: &'static str,
    route: Option<MatchedPath>,
    began: Instant,
    status: StatusCode,
    bytes: u64,
    /// Whether the client got all of it.
    complete: bool,
}

impl Record {
    fn new(shared: Shared, request: &Request) -> Record {
        shared.metrics.in_flight.inc();
        Record {
            _answer: shared.answers.token(),
            shared,
            id: given_id(request.headers()).unwrap_or_else(id::random),
            method: known(request.method()),
            route: request.extensions().get().cloned(),
            began: Instant::now(),
            // What proxies write down for clients that did not wait for an answer.
            status: StatusCode::from_u16(499).unwrap_or_default(),
            bytes: 0,
            complete: false,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // The pattern and not the path: what clients write there may be a session's id or anything else.
        let route = self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        let status = self.status.as_u16();
        let metrics = &self.shared.metrics;
        metrics.in_flight.dec();
        metrics.answered(self.method, route, status);
        let micros = self.began.elapsed().as_micros();
        let line = Line::new("request")
            .text("id", self.id.as_str())
            .text("method", self.method)
            .text("route", route)
            .literal("status", status)
            .literal("ms", format_args!("{}.{:03}", micros / 1000, micros % 1000))
            .literal("bytes", self.bytes);
        let line = if self.complete { line } else { line.literal("aborted", true) };
        line.write();
    }
}

/// The name that the client or a proxy gave the request, if it is one that a log can hold.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=64).contains(&id.len()) && id.bytes().all(allowed)).then(|| id.to_owned())
}

/// A method by name; clients may invent others, and their number must not grow.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// A body that is counted.
struct Observed {
    body: Body,
    record: Record,
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            self.record.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.record.complete = self.body.is_end_stream() || self.record.method == "HEAD";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_log_can_hold_is_kept() {
        let given = |id: &str| {
            let id = HeaderValue::from_str(id).unwrap();
            given_id(&HeaderMap::from_iter([(REQUEST_ID.parse().unwrap(), id)]))
        };
        assert_eq!(given("a-1_B.c").as_deref(), Some("a-1_B.c"));
        assert_eq!(given_id(&HeaderMap::new()), None);
        for odd in ["", "a b", "a\"b", "{}", &"x".repeat(65)] {
            assert_eq!(given(odd), None, "{odd}");
        }
    }

    #[test]
    fn invented_methods_have_one_name() {
        assert_eq!(known(&Method::POST), "POST");
        assert_eq!(known(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}
