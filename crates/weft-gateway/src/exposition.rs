//! `GET /metrics`: the metrics as Prometheus reads them.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{api_error::ApiError, keys::Client, state::Shared};

/// The content type.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Returns the metrics to the holder of the gateway's token.
pub(super) async fn get(State(shared): State<Shared>, Extension(client): Extension<Client>) -> Response {
    if client.key().is_some() {
        let message = "the metrics are for the holder of the gateway's token";
        return ApiError::new(StatusCode::FORBIDDEN, "not_allowed", message).into_response();
    }
    let text = match shared.metrics.to_text() {
        Ok(text) => text,
        Err(error) => return error.into_response(),
    };
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(TYPE));
    response
}
