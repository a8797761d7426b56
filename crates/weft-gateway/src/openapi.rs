//! `GET /openapi.json`: the description of the paths.

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};

/// An OpenAPI 3.1 description of the paths for programs, as JSON.
///
/// The schemas list the members that a reader understands, and allow all others. Tests compare them with the readers,
/// and the paths with the routes and with `docs/gateway.md`.
pub(super) const DESCRIPTION: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// Returns the description.
pub(super) async fn get() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}
