//! Responses as bytes, for connections without a valid request.
//!
//! hyper answers a head that it cannot parse by itself, with an empty body. This module finds those responses
//! in the bytes that hyper writes, so that a response in OpenAI's error shape can replace them.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse as _,
};

use crate::{api_error::ApiError, headers, id, observe};

/// The maximum size of a response of hyper's own: a status line and three short headers.
const MAX_REFUSAL: usize = 256;

/// Returns the response for `error`, with `Connection: close`.
pub(super) fn serialize(error: ApiError) -> Vec<u8> {
    let body = error.to_json();
    let mut response = error.into_response();
    let status = response.status();
    let headers = response.headers_mut();
    headers::secure(headers);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Ok(id) = HeaderValue::from_str(&id::random()) {
        headers.insert(observe::REQUEST_ID, id);
    }
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in response.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes
}

/// The beginning of every response.
const VERSION: &[u8] = b"HTTP/1.1 ";

/// A response of hyper's own to a head that it could not parse.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParserRefusal {
    /// The number of bytes before it, which belong to an earlier response.
    pub(super) after: usize,
    /// The status.
    pub(super) status: StatusCode,
}

/// Finds a response of hyper's own at the end of `bytes`.
///
/// It cannot be confused with the gateway's own responses: those have the header `X-Request-Id`, and no body
/// of the gateway contains a carriage return.
pub(super) fn find_refusal(bytes: &[u8]) -> Option<ParserRefusal> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail = bytes.get(bytes.len().saturating_sub(MAX_REFUSAL)..)?;
    let start = tail
        .windows(VERSION.len())
        .rposition(|window| window == VERSION)?;
    let head = tail.get(start..)?;
    let status = str::from_utf8(head.get(VERSION.len()..VERSION.len() + 3)?)
        .ok()?
        .parse()
        .ok()?;
    let fields = String::from_utf8_lossy(head).to_ascii_lowercase();
    let hypers = matches!(status, 400 | 414 | 431)
        && fields.contains("\r\ncontent-length: 0\r\n")
        && !fields.contains(observe::REQUEST_ID);
    let status = StatusCode::from_u16(status).ok().filter(|_| hypers)?;
    Some(ParserRefusal {
        after: bytes.len() - head.len(),
        status,
    })
}

/// Returns the error that replaces hyper's response with `status` to `head`, which may be incomplete.
pub(super) fn parser_error(status: StatusCode, head: &[u8]) -> ApiError {
    if status != StatusCode::URI_TOO_LONG && has_boundless_length(head) {
        let message = "the `Content-Length` is larger than any request's body can be";
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message);
    }
    let (code, message) = match status.as_u16() {
        431 => (
            "head_too_large",
            "the request's head is larger than 16 KB or has more than 100 lines",
        ),
        414 => ("path_too_long", "the request's path is too long"),
        _ => ("bad_request", "the request's head is not valid HTTP/1.1"),
    };
    ApiError::new(status, code, message)
}

/// Returns whether a line of `head` is a `Content-Length` so large that hyper refuses the head.
fn has_boundless_length(head: &[u8]) -> bool {
    String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| name.eq_ignore_ascii_case("content-length") && is_boundless(value.trim()))
}

/// Returns whether digits are more than hyper takes for a length, or than fit.
fn is_boundless(digits: &str) -> bool {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        && digits
            .parse::<u64>()
            .map_or(true, |length| length >= u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYPERS: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: Thu, 26 Nov 2026 13:45:01 GMT\r\n\r\n";

    fn found(bytes: &str) -> Option<(usize, u16)> {
        find_refusal(bytes.as_bytes()).map(|refusal| (refusal.after, refusal.status.as_u16()))
    }

    #[test]
    fn finds_refusals_of_hyper() {
        assert_eq!(found(HYPERS), Some((0, 400)));
        assert_eq!(
            found(&HYPERS.replace("400 Bad Request", "431 Request Header Fields Too Large")),
            Some((0, 431))
        );
        for earlier in [
            "{\"status\":\"ok\"}",
            "0\r\n\r\n",
            &"é".repeat(1000),
            &["x", &"é".repeat(1000)].concat(),
        ] {
            assert_eq!(
                found(&[earlier, HYPERS].concat()),
                Some((earlier.len(), 400)),
                "{earlier}"
            );
        }
    }

    #[test]
    fn finds_nothing_in_other_bytes() {
        for other in [
            "",
            "\r\n\r\n",
            "0\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            &HYPERS.replace("400", "200"),
            &[HYPERS, "x"].concat(),
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn length_beyond_any_number_is_too_large() {
        let status = |status, length: &str| {
            let head = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
            parser_error(status, head.as_bytes()).status.as_u16()
        };
        let (bad, large) = (
            StatusCode::BAD_REQUEST,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        );
        assert_eq!(status(bad, "99999999999999999999999"), 413);
        assert_eq!(status(large, "18446744073709551615"), 413);
        for length in ["-1", "1x", "", "12"] {
            assert_eq!(status(bad, length), 400, "{length}");
        }
    }

    #[test]
    fn replacement_has_openais_shape_and_closes() {
        let bytes = String::from_utf8(serialize(parser_error(StatusCode::BAD_REQUEST, b""))).unwrap();
        let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        for line in [
            "connection: close",
            "content-type: application/json",
            "x-content-type-options: nosniff",
        ] {
            assert!(head.lines().any(|found| found == line), "{head}");
        }
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&body["error"]["type"], &body["error"]["code"]),
            (&"invalid_request_error".into(), &"bad_request".into())
        );
        assert_eq!(
            find_refusal(&bytes.into_bytes()),
            None,
            "it is not replaced again"
        );
    }
}
