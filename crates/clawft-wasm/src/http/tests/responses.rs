//! Handling of responses, independent of the back end.

use crate::http::{
    HttpError, WasiHttpClient, handed_on,
    scripted::{Script, prepare, sent},
};

const URL: &str = "https://example.com/";

fn script(status: u16, parts: &[&'static str]) -> Script {
    Script {
        status,
        content_type: "text/plain",
        parts: parts.to_vec(),
        failure: None,
    }
}

#[test]
fn collects_a_whole_response() {
    prepare([script(404, &["not ", "here"])]);
    let response = WasiHttpClient::new()
        .post(URL, &[("x-a", "1")], b"a body")
        .unwrap();
    assert_eq!((response.status, response.text()), (404, Ok("not here")));
    assert_eq!(
        response.headers,
        [("content-type".to_owned(), "text/plain".to_owned())]
    );
    assert_eq!(sent(), ["a body"]);
}

#[test]
fn accepts_body_of_exactly_the_limit() {
    let client = WasiHttpClient {
        max_response: 8,
        ..WasiHttpClient::new()
    };
    prepare([
        script(200, &["1234", "5678"]),
        script(200, &["1234", "5678", "9"]),
    ]);
    assert_eq!(client.get(URL, &[]).unwrap().body, b"12345678");
    assert!(matches!(client.get(URL, &[]), Err(HttpError::TooLarge(8))));
}

#[test]
fn truncated_response_is_an_error() {
    let failure = Some(HttpError::Interrupted("reset".to_owned()));
    prepare([Script {
        failure,
        ..script(200, &["half"])
    }]);
    assert!(matches!(
        WasiHttpClient::new().get(URL, &[]),
        Err(HttpError::Interrupted(_))
    ));
}

#[test]
fn cuts_headers_that_never_end() {
    let header = |number: usize| (format!("x-{number}"), "y".repeat(number));
    let kept = handed_on((1..10_000).map(header));
    assert_eq!(kept.len(), 128);
    assert_eq!(handed_on([header(9000), header(1)].into_iter()), [header(1)]);
}
