//! Properties on every target: requests are checked before they are sent, errors have messages, limits are
//! kept.

mod responses;

use std::{error::Error, time::Duration};

use clawft_core::{Method, TimeLimit};

use super::{DEFAULT_MAX_RESPONSE, HttpError, HttpResponse, WasiHttpClient};

fn refusal(url: &str, headers: &[(&str, &str)]) -> String {
    match WasiHttpClient::new().request(Method::Get, url, headers, None) {
        Ok(_) => panic!("{url} went through"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn request_without_network_is_an_error() {
    assert!(refusal("http://127.0.0.1:1/", &[]).starts_with("HTTP unavailable: "));
    let error: Box<dyn Error + Send + Sync> = WasiHttpClient::new()
        .get("https://example.com", &[])
        .err()
        .unwrap()
        .into();
    assert!(error.to_string().starts_with("HTTP unavailable: "));
}

#[test]
fn refuses_injection_of_further_headers() {
    let url = "https://example.com/";
    let refused = refusal(url, &[("authorization", "Bearer key\r\nx-other: 1")]);
    assert_eq!(
        refused,
        "HTTP request refused: a header's value (an API key, say) holds a line break"
    );
    assert!(refusal(url, &[("a b", "1")]).contains("header's name"));
    assert!(refusal(url, &[("", "1")]).contains("header's name"));
}

#[test]
fn refuses_url_without_quoting_it() {
    let refused = refusal("https://me:secret@example.com/", &[]);
    assert!(
        refused.starts_with("HTTP request refused: ") && !refused.contains("secret"),
        "{refused}"
    );
}

#[test]
fn defaults_are_thirty_seconds_and_ten_megabytes() {
    let client = WasiHttpClient::default();
    assert_eq!(
        (client.timeout, client.max_response),
        (Duration::from_secs(30), DEFAULT_MAX_RESPONSE)
    );
    assert_eq!(
        WasiHttpClient::with_timeout(Duration::from_secs(5)).timeout,
        Duration::from_secs(5)
    );
}

#[test]
fn errors_have_readable_messages() {
    for (error, text) in [
        (
            HttpError::TimedOut(Duration::from_secs(30), TimeLimit::FirstByte),
            "Request timed out after 30 s",
        ),
        (
            HttpError::TimedOut(Duration::from_millis(200), TimeLimit::FirstByte),
            "Request timed out after 0.200 s",
        ),
        (
            HttpError::Unavailable("connection refused".into()),
            "HTTP unavailable: connection refused",
        ),
        (
            HttpError::Interrupted("reset".into()),
            "HTTP response broken off: reset",
        ),
        (
            HttpError::TooLarge(10_000_000),
            "HTTP response larger than the limit of 10000000 bytes",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn response_reports_success_and_text() {
    let response = |status, body: &[u8]| HttpResponse {
        status,
        headers: Vec::new(),
        body: body.to_vec(),
    };
    assert!(response(200, b"").is_success() && response(299, b"").is_success());
    assert!(!response(199, b"").is_success() && !response(300, b"").is_success());
    assert_eq!(response(200, "grüß".as_bytes()).text().unwrap(), "grüß");
    assert!(response(200, b"\xff").text().is_err());
}
