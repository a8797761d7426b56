//! The last part of a path.

use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
};

use super::api_error::ApiError;

/// The last part of a path, decoded.
pub(super) struct PathEnd(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathEnd {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PathEnd, ApiError> {
        let Path(end) = Path::from_request_parts(parts, state).await.map_err(|_| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "the path is not UTF-8 once it is decoded",
            )
        })?;
        Ok(PathEnd(end))
    }
}
