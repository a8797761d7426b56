//! The back end of targets without `wasi:http`: every request fails with an error value.

use super::{HttpError, Part, Request};

pub(super) const IS_REAL: bool = false;

/// No request is ever sent.
pub(super) enum Exchange {}

impl Exchange {
    pub(super) fn begin(_: &Request<'_>) -> Result<Self, HttpError> {
        Err(HttpError::Impossible(
            "this build cannot send requests, run the wasm32-wasip2 component".to_owned(),
        ))
    }

    pub(super) fn receive(&mut self) -> Result<Option<Part<'_>>, HttpError> {
        match *self {}
    }
}
