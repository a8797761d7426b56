//! Limits of a request: bytes and time.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep_until};

use super::{
    api_error::ApiError,
    work_limits::{LargeBodyPermit, SMALL, WorkLimits},
};

/// The time that a client may take for a request's body.
pub(super) const BODY_TIME: Duration = Duration::from_secs(30);

/// The time in which a large body has to bring so many bytes while others wait for its permit.
pub(super) const PACE_TIME: Duration = Duration::from_secs(2);
pub(super) const PACE_BYTES: usize = 64 * 1024;

/// A request's body.
pub(super) struct Received {
    /// The complete body.
    pub(super) bytes: Vec<u8>,
    /// The permit to hold it in memory, if it is large.
    pub(super) large: Option<LargeBodyPermit>,
}

/// Reads a complete body of at most `limit` bytes.
///
/// # Errors
/// 413 if it is larger, as soon as that is known; 408 if it does not arrive in time, or arrives slowly while
/// others wait; 400 if it breaks off; 429 if there are too many large ones.
pub(super) async fn read(body: Body, limit: usize, work: &WorkLimits) -> Result<Received, ApiError> {
    let late = || late("the request's body did not come in time");
    tokio::time::timeout(BODY_TIME, collect(body, limit, work))
        .await
        .map_err(|_| late())?
}

fn late(message: &str) -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", message)
}

async fn collect(mut body: Body, limit: usize, work: &WorkLimits) -> Result<Received, ApiError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut received = Received {
        bytes: Vec::with_capacity(announced.min(SMALL)),
        large: None,
    };
    let mut pace = Pace::start();
    loop {
        let frame = match &received.large {
            None => body.frame().await,
            Some(_) => tokio::select! {
                biased;
                frame = body.frame() => frame,
                error = pace.too_slow(work) => return Err(error),
            },
        };
        let Some(frame) = frame else { return Ok(received) };
        let frame = frame.map_err(|_| ApiError::invalid("the request's body broke off"))?;
        let Some(data) = frame.data_ref() else { continue };
        let length = received.bytes.len().saturating_add(data.len());
        if length > limit {
            return Err(too_large(limit));
        }
        if length > SMALL && received.large.is_none() {
            received.large = Some(work.large().await?);
            pace = Pace::start();
        }
        pace.brought(data.len());
        received.bytes.extend_from_slice(data);
    }
}

/// The speed of an arriving body.
struct Pace {
    since: Instant,
    bytes: usize,
}

impl Pace {
    fn start() -> Pace {
        Pace {
            since: Instant::now(),
            bytes: 0,
        }
    }

    fn brought(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= PACE_BYTES {
            *self = Pace::start();
        }
    }

    /// Waits until the body is too slow while others wait, and returns the error for that.
    async fn too_slow(&mut self, work: &WorkLimits) -> ApiError {
        loop {
            sleep_until(self.since + PACE_TIME).await;
            if work.is_crowded() {
                return late("the request's body comes too slowly, and others wait");
            }
            *self = Pace::start();
        }
    }
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the request's body is larger than {limit} bytes (`gateway.max_body_bytes`)");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
}

/// Requires JSON. A page of another site cannot send that without permission, which it never gets.
///
/// # Errors
/// 415 for any other type, and for none.
pub(super) fn json_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        let message = "the gateway does not decompress requests: send the body without `Content-Encoding`";
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        ));
    }
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "send JSON, with the header `Content-Type: application/json`";
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        message,
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn accepts_body_of_the_limit() {
        let read = async |length, limit| {
            let read = read(Body::from(vec![b'x'; length]), limit, &WorkLimits::new()).await;
            read.map(|body| (body.bytes.len(), body.large.is_some()))
                .map_err(|error| error.status.as_u16())
        };
        assert_eq!(read(0, 3).await, Ok((0, false)));
        assert_eq!(read(3, 3).await, Ok((3, false)));
        assert_eq!(read(4, 3).await, Err(413));
        assert_eq!(read(SMALL, SMALL + 1).await, Ok((SMALL, false)));
        assert_eq!(read(SMALL + 1, SMALL + 1).await, Ok((SMALL + 1, true)));
        assert_eq!(read(SMALL + 2, SMALL + 1).await, Err(413));
    }

    #[tokio::test]
    async fn refuses_body_without_length_at_the_limit() {
        let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1000]));
        let read = read(Body::from_stream(endless), 100_000, &WorkLimits::new()).await;
        assert_eq!(read.err().unwrap().status.as_u16(), 413);
    }

    #[tokio::test(start_paused = true)]
    async fn times_out_on_missing_body() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let began = Instant::now();
        assert_eq!(
            read(never, 3, &WorkLimits::new())
                .await
                .err()
                .unwrap()
                .status
                .as_u16(),
            408
        );
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    /// Sends bodies up to the size that needs a permit, and no further.
    #[tokio::test(start_paused = true)]
    async fn stalled_large_bodies_give_way() {
        let work = std::sync::Arc::new(WorkLimits::new());
        let began = Instant::now();
        let stalled: Vec<_> = (0..crate::work_limits::LARGE_AT_ONCE)
            .map(|_| {
                let work = std::sync::Arc::clone(&work);
                let start = futures_util::stream::iter([Ok::<_, std::io::Error>(vec![b'x'; SMALL + 1])]);
                let body = Body::from_stream(start.chain(futures_util::stream::pending()));
                tokio::spawn(async move { read(body, 4 * SMALL, &work).await.map(drop) })
            })
            .collect();
        tokio::time::sleep(2 * PACE_TIME).await;
        assert!(stalled.iter().all(|one| !one.is_finished()), "nobody waits");
        let whole = read(Body::from(vec![b'x'; 2 * SMALL]), 4 * SMALL, &work).await;
        assert_eq!(whole.unwrap().bytes.len(), 2 * SMALL);
        assert!(began.elapsed() <= 3 * PACE_TIME, "{:?}", began.elapsed());
        for one in stalled {
            assert_eq!(one.await.unwrap().err().unwrap().status.as_u16(), 408);
        }
    }

    #[test]
    fn accepts_bodies_of_json_only() {
        let check = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(value))]);
            json_type(&headers).is_ok()
        };
        assert!(check("application/json") && check("Application/JSON; charset=utf-8"));
        assert!(!check("text/plain") && !check("application/jsonp") && !check(""));
        assert!(json_type(&HeaderMap::new()).is_err());
        let encoded = |coding: &'static str| {
            let fields = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_ENCODING, coding),
            ];
            let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
            json_type(&HeaderMap::from_iter(fields)).map_err(|error| error.status.as_u16())
        };
        assert_eq!((encoded("identity"), encoded("gzip")), (Ok(()), Err(415)));
    }
}
