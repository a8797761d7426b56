//! A response that the gateway keeps, as the events of its stream.

use axum::{
    http::{HeaderValue, Uri, header},
    response::Response,
};
use clawft_api::{Dialect, whole_as_events};

use crate::{api_error::ApiError, reply};

/// The events that a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Events {
    /// Number of events that the client knows.
    known: usize,
}

impl Events {
    /// Reads `stream` and `starting_after`; `None` if the client wants the response itself.
    ///
    /// # Errors
    /// 400 with the parameter that is wrong.
    pub(super) fn read(uri: &Uri) -> Result<Option<Events>, ApiError> {
        let (mut wanted, mut known) = (false, 0);
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match (name.as_ref(), value.as_ref()) {
                ("stream", "true") => wanted = true,
                ("stream", "false") => wanted = false,
                ("stream", _) => return Err(wrong("stream", "true or false")),
                ("starting_after", number) => {
                    let number: usize = number
                        .parse()
                        .map_err(|_| wrong("starting_after", "the `sequence_number` of an event"))?;
                    known = number.saturating_add(1);
                }
                _ => {}
            }
        }
        Ok(wanted.then_some(Events { known }))
    }

    /// Returns the events of a complete response; `None` if it is not one.
    pub(super) fn respond(&self, answer: &[u8]) -> Option<Response> {
        let events = String::from_utf8(whole_as_events(Dialect::Responses, answer, false).ok()?).ok()?;
        let rest: String = events.split_inclusive("\n\n").skip(self.known).collect();
        let mut response = reply::json(axum::http::StatusCode::OK, rest);
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        Some(response)
    }
}

fn wrong(name: &str, expected: &str) -> ApiError {
    ApiError::invalid(format!("{name}: expected {expected}")).at(name)
}
