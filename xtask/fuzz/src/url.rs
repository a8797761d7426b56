//! URLs and header values, as the HTTP client checks them before a request.
//!
//! The native client cannot send: it returns `HTTP unavailable` for a valid request, and other errors for the
//! rest.

use clawft_wasm::{HttpError, WasiHttpClient};

/// The first line is the URL, the rest is the value of a header.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (url, value) = text.split_once('\n').unwrap_or((text, ""));
    match WasiHttpClient::new().get(url, &[("authorization", value)]) {
        Err(HttpError::Impossible(_)) => safe_to_send(url, value),
        Err(HttpError::InvalidRequest(reason)) => crate::wording::check(reason),
        Err(error) => panic!("nothing was sent, and yet: {error}"),
        Ok(_) => panic!("there is no HTTP here, and yet a response"),
    }
}

/// Checks the URL in another way than the client does: each of these would reach another server or have
/// another meaning than it seems.
fn safe_to_send(url: &str, value: &str) {
    assert!(!value.contains(['\r', '\n', '\0']), "a header can be smuggled in");
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
    let (scheme, rest) = url.split_once("://").expect("a scheme");
    assert!(
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"),
        "{url}"
    );
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    assert!(
        !authority.is_empty() && !authority.starts_with(':'),
        "no host: {url}"
    );
    assert!(
        !authority.contains(['@', '\\', '%']),
        "another host than it seems: {url}"
    );
}
