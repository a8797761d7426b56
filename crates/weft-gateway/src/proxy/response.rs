//! The response to a client, from a provider's answer or error.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use clawft_api::ErrorBody;
use clawft_types::json::{self, Node, Writer};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use weft_agent::Error;

use super::{
    dialect::Dialect,
    exchange::{Arrived, ArrivedBody, Failure, Refusal},
    headers,
    meter::Meter,
    stream::{FIRST_COMMENT, Passing, Reading, Source},
    translation::Translation,
};
use crate::{
    api_error::{ApiError, SHOULD_RETRY},
    failure, reply,
    state::Shared,
};

/// Keeps nginx from buffering a stream.
const ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The number of headers for which there is room, the gateway's own included, before the map has to grow.
const USUAL_HEADERS: usize = 24;

/// An answer before its response is begun.
pub(super) struct Answer<'a> {
    pub(super) shared: &'a Shared,
    pub(super) dialect: Dialect,
    pub(super) meter: Meter,
    pub(super) room: OwnedSemaphorePermit,
}

impl Answer<'_> {
    /// Returns the response for the end of an exchange.
    pub(super) fn respond(mut self, outcome: Result<Arrived, Failure>) -> Response {
        match outcome {
            Ok(mut arrived) => {
                let translation = arrived.translation.take();
                self.pass(arrived, translation)
            }
            Err(Failure::Refusal(refusal)) => {
                self.meter.served(&refusal.served);
                self.meter.completed();
                refusal.into_response()
            }
            Err(Failure::Error(error)) => error.into_response(),
        }
    }

    /// Returns an answer as it came. Only a stream still has to be translated.
    fn pass(mut self, mut arrived: Arrived, translation: Option<Translation>) -> Response {
        self.meter.served(&arrived.served);
        let mut head = HeaderMap::with_capacity(USUAL_HEADERS);
        headers::to_client(&arrived.headers, &mut head);
        let provider = &arrived.served.target.provider;
        headers::served_by(&provider.name, &arrived.served.model, &mut head);
        head.entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        if let Some(translation) = &translation {
            translation.add_warnings(&mut head);
        }
        let status = arrived.status;
        let mut response = if let ArrivedBody::Whole(bytes) = &arrived.body {
            match &translation {
                Some(translation) => self.meter.bytes(&translation.sent),
                None => self.meter.bytes(bytes),
            }
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
            let mut passing = self.passing(Source::Over, events, first);
            passing.read(reading, translation);
            Response::new(passing.into_body())
        };
        *response.status_mut() = status;
        *response.headers_mut() = head;
        response
    }

    /// Begins a stream before it is known who answers.
    pub(super) fn begin(self, source: Source, comment: Instant) -> Response {
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
            end: None,
            translator: None,
            translation: None,
            _room: self.room,
        }
    }
}

/// Returns whether the body consists of events.
pub(super) fn is_events(headers: &HeaderMap) -> bool {
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

/// Returns the error for an answer that breaks the protocol.
pub(super) fn bad_answer(arrived: &Arrived, cause: &str) -> ApiError {
    let error = match arrived.served.target.endpoint() {
        Ok(endpoint) => endpoint.bad_response(cause).into(),
        Err(_) => Error::other("no endpoint"),
    };
    failure::api_error(&error)
}

impl Refusal {
    /// Returns the provider's error: as it came, or in the client's dialect.
    fn into_response(self) -> Response {
        let mut status = self.status;
        let mut response = reply::json(status, Vec::new());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        headers::to_client(&self.headers, headers);
        headers::served_by(&self.served.target.provider.name, &self.served.model, headers);
        if self.repeated || self.status.is_server_error() && !headers.contains_key(header::RETRY_AFTER) {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        let body = match &self.translation {
            None => self.body,
            Some(translation) => {
                let (code, body) = translation.error(status.as_u16(), &self.body);
                status = StatusCode::from_u16(code).unwrap_or(status);
                body
            }
        };
        *response.status_mut() = status;
        *response.body_mut() = Body::from(body);
        response
    }

    /// Returns the error as the event of a response that has begun already.
    pub(super) fn event(&self, dialect: Dialect) -> Bytes {
        let tree = match (&self.translation, dialect) {
            (None, Dialect::OpenAi | Dialect::Anthropic) => json::parse(&self.body).ok(),
            _ => None,
        };
        if let Some(tree) = tree {
            // In an event it is one line.
            let mut line = Writer::default();
            line.value(Node::root(&tree));
            return dialect.event_of(&line.into_bytes());
        }
        let mut error = ErrorBody::read(self.status.as_u16(), &self.body);
        if error.message.is_empty() {
            "the provider refused the request".clone_into(&mut error.message);
        }
        error.event(dialect.api()).into()
    }
}
