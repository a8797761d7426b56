//! Responses that no correct server sends: each is an error that names the fault.

use clawft_core::{Event, Step, TransportError};

use crate::common::{AT, KEY, NOW, answer, begin, config, error};

/// Returns the error message for a response of this status and these headers.
fn said(status: u16, headers: &[(&str, &str)], body: &[u8]) -> String {
    let config = config("", r#","retries":0"#);
    let (mut turn, _) = begin(&config);
    match answer(&mut turn, status, headers, body) {
        Step::Failed(error) => error.to_string(),
        step => panic!("{step:?}"),
    }
}

const NOT: &str = "provider `openai` at `api.openai.com/v1/chat/completions` sent something else than a chat completion, check `api_base` and `kind`: ";

#[test]
fn refuses_an_encoded_body() {
    let gzip = &b"\x1f\x8b\x08\x00\x00\x00"[..];
    let coded = [("Content-Encoding", "gzip")];
    assert_eq!(
        said(200, &coded, gzip),
        [NOT, "it is encoded as `gzip`, which was not asked for"].concat()
    );
    assert_eq!(
        said(200, &[], gzip),
        [NOT, "1:1: not JSON, the text is not UTF-8"].concat()
    );
    assert_eq!(
        said(500, &coded, gzip),
        "provider `openai` at `api.openai.com/v1/chat/completions` answered 500, try again later",
        "the status counts, the body cannot"
    );
    let plain = [("content-encoding", "identity")];
    assert_eq!(said(200, &plain, b"{}"), [NOT, "choices: missing"].concat());
}

#[test]
fn refuses_to_follow_a_redirect() {
    let to = |location: &str| said(307, &[("location", location)], b"");
    let start = "provider `openai` at `api.openai.com/v1/chat/completions` answered 307, check `api_base`: redirects are not followed";
    assert_eq!(to("/v2"), start);
    assert_eq!(said(302, &[], b"<html>"), start.replace("307", "302"));
    let host = [start, ", this one leads to `evil.example:8443`"].concat();
    assert_eq!(
        to("https://user:password@evil.example:8443/?api_key=secret"),
        host
    );
    let hostile = to(&format!("https://{KEY}\r\n\x1b[2J{}/", "x".repeat(10_000)));
    assert!(
        !hostile.contains("sk-proj") && !hostile.contains(char::is_control),
        "{hostile}"
    );
    assert!(hostile.len() < 500, "{hostile}");
}

#[test]
fn refuses_a_status_without_content() {
    assert_eq!(
        said(204, &[], b""),
        [NOT, "status 204 stands for no content"].concat()
    );
}

#[test]
fn refuses_an_endless_body() {
    let config = config("", r#","max_response_bytes":1000,"retries":0"#);
    let (mut turn, request) = begin(&config);
    assert_eq!(
        request.max_response, 16_000,
        "the events of a stream are longer than its text"
    );
    turn.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        NOW,
    );
    assert!(matches!(turn.feed(Event::Body(&[b' '; 1000]), NOW), Step::More));
    let Step::Failed(error) = turn.feed(Event::Body(b" "), NOW) else {
        panic!()
    };
    let words = format!("HTTP response larger than the limit of 1000 bytes (`max_response_bytes`); {AT}");
    assert_eq!(error.to_string(), words);

    let (mut turn, _) = begin(&config);
    turn.feed(
        Event::Head {
            status: 500,
            headers: &[],
        },
        NOW,
    );
    let Step::Failed(error) = turn.feed(Event::Body(&[b'x'; 2000]), NOW) else {
        panic!()
    };
    let shown = error.to_string();
    assert!(
        shown.starts_with(
            "provider `openai` at `api.openai.com/v1/chat/completions` answered 500, try again later: xxx"
        ),
        "the status counts: {shown}"
    );

    let (mut turn, _) = begin(&config);
    let found_by_the_platform = TransportError::TooLarge { limit: 1000 };
    let Step::Failed(error) = turn.feed(Event::Failed(found_by_the_platform), NOW) else {
        panic!()
    };
    assert_eq!(error.to_string(), words);
}

#[test]
fn reports_an_error_with_broken_body() {
    let config = config("", r#","retries":0"#);
    let (mut turn, _) = begin(&config);
    turn.feed(
        Event::Head {
            status: 401,
            headers: &[],
        },
        NOW,
    );
    let reset = TransportError::Unavailable("connection reset".to_owned());
    let Step::Failed(error) = turn.feed(Event::Failed(reset), NOW) else {
        panic!()
    };
    assert!(error.to_string().starts_with("Invalid API key: "), "{error}");
}

#[test]
fn refuses_endlessly_nested_json() {
    let deep = error(200, &b"[".repeat(10_000)).to_string();
    assert_eq!(deep, [NOT, "1:128: not JSON, recursion limit exceeded"].concat());
    let deep = [br#"{"choices":"#, b"{\"a\":".repeat(10_000).as_slice()].concat();
    assert!(
        error(200, &deep)
            .to_string()
            .ends_with("recursion limit exceeded")
    );
}

#[test]
fn reports_statuses_that_are_unknown() {
    for status in [0, 100, 199, 600, 999, u16::MAX] {
        let words = format!("{AT} answered {status}, check `api_base` and `kind`: odd");
        assert_eq!(said(status, &[], b"odd"), words);
    }
}

/// Everything of an answer but its text, which is the user's.
#[test]
fn a_finish_reason_is_quoted_without_the_key() {
    let reason = format!("{KEY}\\n\\u001b[31mstop");
    for (streamed, body) in [
        (
            false,
            format!(r#"{{"choices":[{{"message":{{"content":"hi"}},"finish_reason":"{reason}"}}]}}"#),
        ),
        (
            true,
            format!(
                "data: {{\"choices\":[{{\"delta\":{{\"content\":\"hi\"}},\"finish_reason\":\"{reason}\"}}]}}\n\ndata: [DONE]\n\n"
            ),
        ),
    ] {
        let config = config(if streamed { r#","stream":true"# } else { "" }, "");
        let (mut turn, _) = begin(&config);
        let content_type = if streamed {
            "text/event-stream"
        } else {
            "application/json"
        };
        let mut step = answer(&mut turn, 200, &[("content-type", content_type)], body.as_bytes());
        while let Step::More | Step::Delta(_) | Step::Reasoning(_) = step {
            step = turn.feed(Event::End, NOW);
        }
        let Step::Done(reply) = step else {
            panic!("{step:?}")
        };
        assert_eq!(reply.finish_reason.as_deref(), Some("*** [31mstop"));
    }
}
