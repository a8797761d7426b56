//! Requests that are passed on to a provider as they came, and its answers as they are.
//!
//! ```text
//! request ─→ envelope: model, stream ─→ routing: candidates ─→ exchange: attempts ─→ whole: one response
//!                                                                               └→ stream: bytes and comments
//! ```

mod dialect;
mod envelope;
mod exchange;
mod headers;
mod meter;
mod stream;
mod usage;

pub(super) use dialect::Dialect;
pub(super) use envelope::Envelope;
#[cfg(test)]
pub(super) use stream::COMMENTS;
pub(super) use stream::FIRST_COMMENT;

use super::api_error::ApiError;
use super::limits::{self, Received};
use super::observe::Details;
use super::reply;
use super::routing::Candidate;
use super::server::RequestActivity;
use super::state::Shared;
use super::work_limits::LargeBodyPermit;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use clawft_types::Kind;
use exchange::{Arrived, ArrivedBody, Exchange, Failure, Refusal};
use meter::Meter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stream::{Passing, Reading, Running, Source};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

/// A path of the API that is passed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Api {
    /// The path below a provider's address.
    pub(super) path: &'static str,
    /// The dialect of requests and answers.
    pub(super) dialect: Dialect,
    /// The kind of providers that speak it.
    pub(super) kind: Kind,
}

/// OpenAI's chat completions.
pub(super) const CHAT: Api = Api {
    path: "chat/completions",
    dialect: Dialect::OpenAi,
    kind: Kind::OpenAi,
};

/// OpenAI's completions of a text.
const COMPLETIONS: Api = Api {
    path: "completions",
    dialect: Dialect::OpenAi,
    kind: Kind::OpenAi,
};

/// OpenAI's embeddings.
const EMBEDDINGS: Api = Api {
    path: "embeddings",
    dialect: Dialect::OpenAi,
    kind: Kind::OpenAi,
};

/// OpenAI's responses.
const RESPONSES: Api = Api {
    path: "responses",
    dialect: Dialect::Responses,
    kind: Kind::OpenAi,
};

/// Anthropic's messages.
const MESSAGES: Api = Api {
    path: "messages",
    dialect: Dialect::Anthropic,
    kind: Kind::Anthropic,
};

/// Anthropic's count of a request's tokens.
const COUNT_TOKENS: Api = Api {
    path: "messages/count_tokens",
    dialect: Dialect::Anthropic,
    kind: Kind::Anthropic,
};

/// A request whose body was read.
pub(super) struct Incoming {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) envelope: Envelope,
    /// The model that the client names.
    pub(super) model: Option<String>,
    /// The permit to hold the body in memory until it is parsed or sent, if it is large.
    pub(super) large: Option<LargeBodyPermit>,
}

/// `POST /v1/completions`
pub(super) async fn completions(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::read(&shared, request).await?;
    pass(&shared, incoming, COMPLETIONS).await
}

/// `POST /v1/embeddings`
pub(super) async fn embeddings(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::read(&shared, request).await?;
    pass(&shared, incoming, EMBEDDINGS).await
}

/// `POST /v1/responses`
pub(super) async fn responses(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::read(&shared, request).await?;
    pass(&shared, incoming, RESPONSES).await
}

/// `POST /v1/messages`
pub(super) async fn messages(State(shared): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::read(&shared, request).await?;
    pass(&shared, incoming, MESSAGES).await
}

/// `POST /v1/messages/count_tokens`
pub(super) async fn count_tokens(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::read(&shared, request).await?;
    pass(&shared, incoming, COUNT_TOKENS).await
}

impl Incoming {
    /// Reads the body of a request, and finds its model.
    ///
    /// # Errors
    /// As [`limits::read`]; 415 if the body is not JSON, 400 if it is no object.
    pub(super) async fn read(shared: &Shared, request: Request) -> Result<Incoming, ApiError> {
        let (parts, body) = request.into_parts();
        limits::json_type(&parts.headers)?;
        let read = async {
            let received = limits::read(body, shared.settings.max_body_bytes as usize, &shared.work).await?;
            scan(shared, received).await
        };
        let (body, envelope, large) = shared.unless_draining(read).await?;
        let model = envelope.text(&body, "model")?;
        let model = model
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        Ok(Incoming {
            parts,
            body,
            envelope,
            model,
            large,
        })
    }

    /// Keeps the connection from being closed in favour of another one.
    pub(super) fn work(&self) {
        if let Some(connection) = self.parts.extensions.get::<RequestActivity>() {
            connection.work();
        }
    }

    /// Returns the place for what the log tells about the request.
    pub(super) fn details(&self) -> Arc<Details> {
        self.parts.extensions.get().cloned().unwrap_or_default()
    }
}

/// Scans a body. A large one is scanned on another thread.
async fn scan(
    shared: &Shared,
    received: Received,
) -> Result<(Bytes, Envelope, Option<LargeBodyPermit>), ApiError> {
    let Received { bytes, large } = received;
    let bytes = Bytes::from(bytes);
    let envelope = match &large {
        None => Envelope::scan(&bytes)?,
        Some(_) => {
            let bytes = bytes.clone();
            shared.work.parse(move || Envelope::scan(&bytes)).await??
        }
    };
    Ok((bytes, envelope, large))
}

/// Passes a request on, and the answer back.
///
/// # Errors
/// The provider's, or the gateway's own.
pub(super) async fn pass(shared: &Shared, incoming: Incoming, api: Api) -> Result<Response, ApiError> {
    let stream = incoming.envelope.flag(&incoming.body, "stream")?;
    let routing = shared.routing();
    routing.learn(shared, incoming.model.as_deref()).await;
    let candidates = routing.candidates(incoming.model.as_deref(), getrandom::u32().unwrap_or_default());
    let speaks = |candidate: &Candidate| candidate.target.provider.kind == api.kind;
    if let Some(other) = candidates.iter().find(|candidate| !speaks(candidate)) {
        return Err(other_kind(other));
    }
    let room = shared.admit()?;
    incoming.work();
    let meter = Meter::new(shared, incoming.details());
    let pausing = Arc::new(AtomicBool::new(false));
    let exchange = Exchange {
        shared: shared.clone(),
        candidates,
        path: api.path,
        headers: incoming.parts.headers,
        body: incoming.body,
        envelope: incoming.envelope,
        model: incoming.model,
        stream,
        pausing: Arc::clone(&pausing),
    };
    let answer = Answer {
        shared,
        dialect: api.dialect,
        meter,
        room,
    };
    if !stream {
        let outcome = exchange.run().await;
        return Ok(answer.respond(outcome));
    }
    let mut running: Running = Box::pin(exchange.run());
    loop {
        match timeout(FIRST_COMMENT, &mut running).await {
            Ok(outcome) => return Ok(answer.respond(outcome)),
            // A pause follows an error, which may be the result: it has a status of its own.
            Err(_) if pausing.load(Ordering::Relaxed) => {}
            Err(_) => return Ok(answer.begin(Source::Running(running), Instant::now())),
        }
    }
}

/// Returns the error for a path that a provider does not have.
fn other_kind(candidate: &Candidate) -> ApiError {
    let message = format!("the provider of `{}` does not have this path", candidate.model);
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message).at("model")
}

/// An answer before its response is begun.
struct Answer<'a> {
    shared: &'a Shared,
    dialect: Dialect,
    meter: Meter,
    room: OwnedSemaphorePermit,
}

impl Answer<'_> {
    /// Returns the response for the end of an exchange.
    fn respond(self, outcome: Result<Arrived, Failure>) -> Response {
        match outcome {
            Ok(arrived) => self.pass(arrived),
            Err(Failure::Refusal(refusal)) => {
                self.meter.served(&refusal.served);
                refusal.into_response()
            }
            Err(Failure::Error(error)) => error.into_response(),
        }
    }

    /// Returns an answer as it came.
    fn pass(mut self, mut arrived: Arrived) -> Response {
        self.meter.served(&arrived.served);
        let mut head = HeaderMap::new();
        headers::to_client(&arrived.headers, &mut head);
        headers::served_by(
            &arrived.served.target.provider.name,
            &arrived.served.model,
            &mut head,
        );
        head.entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        let status = arrived.status;
        let mut response = if let ArrivedBody::Whole(bytes) = &arrived.body {
            self.meter.bytes(bytes);
            self.meter.completed();
            Response::new(Body::from(bytes.clone()))
        } else {
            let events = is_events(&arrived.headers);
            if events {
                head.insert(ACCEL, HeaderValue::from_static("no"));
            } else if let Some(length) = arrived.headers.get(header::CONTENT_LENGTH) {
                head.insert(header::CONTENT_LENGTH, length.clone());
            }
            let reading = Reading::new(&mut arrived, events);
            let first = Instant::now() + FIRST_COMMENT;
            Response::new(self.passing(Source::Reading(reading), events, first).into_body())
        };
        *response.status_mut() = status;
        *response.headers_mut() = head;
        response
    }

    /// Begins a stream before it is known who answers.
    fn begin(self, source: Source, comment: Instant) -> Response {
        let mut response = Response::new(self.passing(source, true, comment).into_body());
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (ACCEL, "no"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn passing(self, source: Source, events: bool, comment: Instant) -> Passing {
        Passing {
            source,
            dialect: self.dialect,
            events,
            stop: self.shared.stop.clone(),
            meter: self.meter,
            comment,
            held: Vec::new(),
            between: true,
            _room: self.room,
        }
    }
}

/// Keeps nginx from buffering a stream.
const ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Returns whether the body consists of events.
fn is_events(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let encoded = headers.contains_key(header::CONTENT_ENCODING);
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim();
    !encoded && kind.eq_ignore_ascii_case("text/event-stream")
}

impl Refusal {
    /// Returns the provider's error as it came.
    fn into_response(self) -> Response {
        let mut response = reply::json(self.status, Vec::new());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        headers::to_client(&self.headers, headers);
        headers::served_by(&self.served.target.provider.name, &self.served.model, headers);
        if self.repeated || self.status.is_server_error() && !headers.contains_key(header::RETRY_AFTER) {
            headers.insert(super::api_error::SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        *response.body_mut() = Body::from(self.body);
        response
    }

    /// Returns the error for a response that has begun already.
    fn to_error(&self) -> ApiError {
        let tree = clawft_types::json::parse(&self.body).ok();
        let message = tree
            .as_ref()
            .and_then(|tree| clawft_types::completion::error_message(clawft_types::json::Node::root(tree)))
            .unwrap_or("the provider refused the request");
        let code = match self.status {
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_exceeded",
            _ => "upstream_error",
        };
        ApiError::new(self.status, code, message)
    }
}
