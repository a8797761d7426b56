//! What a request may take: bytes and time.

use super::api_error::ApiError;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use std::time::Duration;

/// How long a client may take for a request's body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// How much beyond the limit is read and thrown away. A client that still writes when it is refused sees a broken
/// connection in place of the refusal.
const DISCARD: usize = 32 << 20;

/// The whole body, of at most `limit` bytes.
///
/// # Errors
/// 413 if it is larger, 408 if it does not come in time, 400 if it breaks off.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let late =
        || ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request's body did not come in time");
    tokio::time::timeout(BODY_TIME, collect(body, limit)).await.map_err(|_| late())?
}

async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut total: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::invalid("the request's body broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        total = total.saturating_add(data.len());
        match total {
            _ if total <= limit => bytes.extend_from_slice(data),
            _ if total > limit.saturating_add(DISCARD) => break,
            _ => bytes = Vec::new(),
        }
    }
    if total > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the request's body is larger than {limit} bytes (`gateway.max_body_bytes`)");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
}

/// Insists on JSON. A page of another site cannot send that without asking first, and is never allowed to.
///
/// # Errors
/// 415 for any other type, and for none.
pub(super) fn json_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "send JSON, with the header `Content-Type: application/json`";
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[tokio::test]
    async fn a_body_may_have_as_many_bytes_as_the_limit() {
        let read = async |length, limit| {
            let read = read(Body::from(vec![b'x'; length]), limit).await;
            read.map(|bytes| bytes.len()).map_err(|error| error.status.as_u16())
        };
        assert_eq!(read(0, 3).await, Ok(0));
        assert_eq!(read(3, 3).await, Ok(3));
        assert_eq!(read(4, 3).await, Err(413));
        assert_eq!(read(DISCARD + 4, 3).await, Err(413));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        assert_eq!(read(never, 3).await.unwrap_err().status.as_u16(), 408);
    }

    #[test]
    fn nothing_but_json_is_taken() {
        let check = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]);
            json_type(&headers).is_ok()
        };
        assert!(check("application/json") && check("Application/JSON; charset=utf-8"));
        assert!(!check("text/plain") && !check("application/jsonp") && !check(""));
        assert!(json_type(&HeaderMap::new()).is_err());
    }
}
