//! The session that a request names.

use axum::http::HeaderMap;
use clawft_types::SessionId;

use super::api_error::ApiError;

/// The header that names the session that a request continues.
pub(super) const HEADER: &str = "x-clawft-session";

/// Returns the session that a request names, if it names one.
///
/// # Errors
/// 400 for an invalid session id, or more than one.
pub(super) fn requested(headers: &HeaderMap) -> Result<Option<SessionId>, ApiError> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(ApiError::invalid(
            "there is more than one header `X-Clawft-Session`",
        ));
    }
    parse(value.to_str().unwrap_or_default()).map(Some)
}

/// Parses the id of a session.
///
/// # Errors
/// 400 if it is invalid.
pub(super) fn parse(id: &str) -> Result<SessionId, ApiError> {
    id.parse().map_err(|error| ApiError::invalid(format!("{error}")))
}
