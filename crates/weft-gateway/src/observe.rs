//! The outer layer of every request: identifier, log line, metrics, headers, and a response after a panic.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode},
    response::{IntoResponse as _, Response},
};
use clawft_types::Usage;
use futures_util::FutureExt as _;
use http_body::{Frame, SizeHint};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{api_error::ApiError, headers, id, log::Line, state::Shared};

/// The header with the request's identifier, in both directions.
pub(super) const REQUEST_ID: &str = "x-request-id";

/// The header by which Anthropic's clients know it.
const ANTHROPIC_REQUEST_ID: &str = "request-id";

/// The header with the gateway's identifier, also where the other one is the provider's.
pub(super) const OWN_REQUEST_ID: &str = "x-clawft-request-id";

/// The maximum length of a model's name in the log, in bytes.
const MODEL: usize = 128;

/// The route of paths without one.
const NO_ROUTE: &str = "none";

/// Answers with `answer`, and logs and counts the request when the last byte of the response is sent.
pub(super) async fn observe(
    shared: Shared,
    mut request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let mut record = Record::new(shared, &request);
    let is_anthropic = request.uri().path().starts_with("/v1/messages");
    request.extensions_mut().insert(Arc::clone(&record.details));
    // State that a panic leaves behind belongs to this request only.
    let answer = AssertUnwindSafe(answer(request)).catch_unwind();
    let shared = record.shared.clone();
    let answered = tokio::select! {
        biased;
        answered = answer => answered,
        () = shared.abandoned() => Ok(shared.refuse_at_end().into_response()),
    };
    let mut response =
        answered.unwrap_or_else(|_| ApiError::internal("the gateway failed, see its log").into_response());
    record.status = response.status();
    headers::secure(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&record.id) {
        let headers = response.headers_mut();
        headers.insert(OWN_REQUEST_ID, id.clone());
        // On an answer that was passed on, this is the provider's.
        let id = headers.entry(REQUEST_ID).or_insert(id).clone();
        if is_anthropic {
            headers.entry(ANTHROPIC_REQUEST_ID).or_insert(id);
        }
    }
    response.map(|body| Body::new(Observed { body, record }))
}

/// The fields of a log line about an answer that a model made.
#[derive(Debug, Default)]
pub(super) struct Details(Mutex<Served>);

#[derive(Debug, Default)]
struct Served {
    provider: Option<String>,
    model: Option<String>,
    first_byte: Option<Duration>,
    usage: Option<Usage>,
}

impl Details {
    fn change(&self, change: impl FnOnce(&mut Served)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes who answers.
    pub(super) fn served(&self, provider: &str, model: &str) {
        let model = model.get(..model.floor_char_boundary(MODEL)).unwrap_or_default();
        self.change(|served| {
            served.provider = Some(provider.to_owned());
            served.model = Some(model.to_owned());
        });
    }

    /// Notes the time until the answer began.
    pub(super) fn first_byte(&self, took: Duration) {
        self.change(|served| served.first_byte = Some(took));
    }

    /// Notes the tokens.
    pub(super) fn tokens(&self, usage: Usage) {
        self.change(|served| served.usage = Some(usage));
    }

    /// Takes the fields.
    fn take(&self) -> Served {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Served {
    /// Adds the fields to a line of the log.
    fn write<'a>(&'a self, mut line: Line<'a>) -> Line<'a> {
        for (key, text) in [("provider", &self.provider), ("model", &self.model)] {
            if let Some(text) = text {
                line = line.text(key, text.as_str());
            }
        }
        if let Some(took) = self.first_byte {
            line = line.literal("first_byte_ms", millis(took));
        }
        if let Some(usage) = self.usage {
            line = line
                .literal("prompt_tokens", usage.prompt_tokens)
                .literal("completion_tokens", usage.completion_tokens);
        }
        line
    }
}

fn millis(took: Duration) -> String {
    let micros = took.as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

/// A request and its response so far. It is logged when this is dropped, so that requests of clients that
/// disconnect are logged as well.
struct Record {
    shared: Shared,
    /// Delays the end of the gateway.
    _answer: TaskTrackerToken,
    id: String,
    details: Arc<Details>,
    method: &'static str,
    route: Option<MatchedPath>,
    began: Instant,
    status: StatusCode,
    bytes: u64,
    /// Whether the client got the complete response.
    complete: bool,
}

impl Record {
    fn new(shared: Shared, request: &Request) -> Record {
        shared.metrics.in_flight.inc();
        Record {
            _answer: shared.answers.token(),
            shared,
            id: given_id(request.headers()).unwrap_or_else(id::of_request),
            details: Arc::default(),
            method: method_label(request.method()),
            route: request.extensions().get().cloned(),
            began: Instant::now(),
            // The status that proxies log for clients that did not wait.
            status: StatusCode::from_u16(499).unwrap_or_default(),
            bytes: 0,
            complete: false,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // The pattern instead of the path, which may contain a session's id or any other text of the client.
        let route = self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        let status = self.status.as_u16();
        let metrics = &self.shared.metrics;
        metrics.in_flight.dec();
        metrics.answered(self.method, route, status);
        let line = Line::new("request")
            .text("id", self.id.as_str())
            .text("method", self.method)
            .text("route", route)
            .literal("status", status)
            .literal("ms", millis(self.began.elapsed()))
            .literal("bytes", self.bytes);
        let served = self.details.take();
        let line = served.write(line);
        let line = if self.complete {
            line
        } else {
            line.literal("aborted", true)
        };
        line.write();
    }
}

/// Returns the identifier that the client or a proxy gave, if it is suitable for the log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=64).contains(&id.len()) && id.bytes().all(allowed)).then(|| id.to_owned())
}

/// Returns the name of a known method. Clients may invent others, which must not increase the number of
/// labels.
fn method_label(method: &Method) -> &'static str {
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
    fn keeps_suitable_identifier_of_client() {
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
    fn unknown_methods_share_one_label() {
        assert_eq!(method_label(&Method::POST), "POST");
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}
