//! The back end of targets without `wasi:http`: every request fails with an error value.

use super::{HttpError, Request, Sink};

pub(super) const IS_REAL: bool = false;

pub(super) fn exchange(_: &Request<'_>, _: Sink<'_>) -> Result<(), HttpError> {
    Err(HttpError::Impossible(
        "this build cannot send requests, run the wasm32-wasip2 component".to_owned(),
    ))
}
