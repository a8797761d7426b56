//! Errors that a server sends with status 200, in place of an answer or in the middle of it.

use std::time::Duration;

use clawft_core::Step;

use crate::{
    answers::respond,
    common::{AT, answer, anthropic, begin, config},
};

/// Bodies and events: the end of the error, and whether the request is sent again.
const FAILURES: [(&str, &str, bool); 20] = [
    (
        r#"{"choices":[{"message":{"content":"half an ans"},"finish_reason":"error","error":{"code":502,"message":"upstream fell over"}}]}"#,
        " answered 502, try again later: upstream fell over",
        true,
    ),
    (
        r#"{"choices":[{"message":{"content":""},"finish_reason":"error"}]}"#,
        " answered 500, try again later: finish reason `error`",
        true,
    ),
    (
        r#"{"choices":[{"message":{"content":"hal"},"finish_reason":"insufficient_system_resource"}]}"#,
        " answered 503, try again later: finish reason `insufficient_system_resource`",
        true,
    ),
    (
        r#"{"choices":[{"message":{"content":"hal"},"finish_reason":"ERROR"}]}"#,
        " answered 500, try again later: finish reason `ERROR`",
        true,
    ),
    (
        r#"{"error":{"status":"429 Too Many Requests","message":"slow down"}}"#,
        " answered 429, check the limits of the account, or try again later: slow down",
        true,
    ),
    (
        r#"{"error":true,"reason":"busy"}"#,
        " sent an error, try again later: busy",
        false,
    ),
    (
        r#"{"object":"error","message":"maximum context length exceeded","type":"BadRequestError","code":400}"#,
        " answered 400, check the model and its settings under `agents`: maximum context length exceeded",
        false,
    ),
    (
        r#"{"detail":"Not Found"}"#,
        " sent an error, try again later: Not Found",
        false,
    ),
    (
        r#"{"detail":[{"loc":["body","messages"],"msg":"Field required"}]}"#,
        " sent an error, try again later: body.messages: Field required",
        false,
    ),
    (
        r#"{"error":{"code":429,"message":"slow down"}}"#,
        " answered 429, check the limits of the account, or try again later: slow down",
        true,
    ),
    (
        r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        " answered 529, try again later: Overloaded",
        true,
    ),
    (
        r#"{"error":"busy"}"#,
        " sent an error, try again later: busy",
        false,
    ),
    (
        r#"{"error":true,"message":"busy"}"#,
        " sent an error, try again later: busy",
        false,
    ),
    (
        r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"{\"error\":{\"message\":\"cold\"}}"}}}"#,
        " answered 502, try again later: Provider returned error: cold",
        true,
    ),
    (
        r#"{"error":{"message":"no","code":503},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
        " answered 503, try again later: no",
        true,
    ),
    (
        r#"[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#,
        " answered 503, try again later: The model is overloaded.",
        true,
    ),
    (
        r#"{"success":false,"errors":[{"code":7003,"message":"no route"}],"messages":[]}"#,
        " sent an error, try again later: no route",
        false,
    ),
    (
        r#"{"message":"no"}"#,
        " sent an error, try again later: no",
        false,
    ),
    (
        r#"{"base_resp":{"status_code":1004,"status_msg":"login fail"}}"#,
        " sent an error, try again later: login fail",
        false,
    ),
    (
        r#"{"error":{"type":"invalid_request_error","code":"invalid_api_key","message":"wrong key"}}"#,
        " answered 401, the key was read from the variable `OPENAI_API_KEY`: wrong key",
        false,
    ),
];

#[test]
fn failure_in_a_success_is_an_error() {
    for (body, end, again) in FAILURES {
        // A choice comes in no event of another name.
        let named = if body.starts_with(r#"{"choices""#) {
            "message"
        } else {
            "error"
        };
        let field = if named == "error" { "error" } else { "data" };
        let events = [
            format!("data: {body}\n\n"),
            format!("event: {named}\ndata: {body}\n\n"),
            format!("{field}: {body}\n\n"),
            format!("data: {body}\n\ndata: [DONE]\n\n"),
            format!("data: {{\"choices\":[{{\"delta\":{{\"role\":\"assistant\"}}}}]}}\n\ndata: {body}\n\n"),
        ];
        let whole = [(body.to_owned(), "application/json")];
        let streamed = events.into_iter().map(|events| (events, "text/event-stream"));
        for (body, content_type) in whole.into_iter().chain(streamed) {
            for size in [1, 10_000] {
                let once = config(r#","stream":true"#, r#","retries":0"#);
                let error = respond(&once, content_type, body.as_bytes(), size)
                    .end
                    .unwrap_err();
                assert!(error.contains(AT) && error.ends_with(end), "{body}: {error}");
                let twice = config(r#","stream":true"#, r#","retries":1"#);
                assert_eq!(
                    respond(&twice, content_type, body.as_bytes(), size).retried,
                    again,
                    "{body}"
                );
            }
        }
    }
}

#[test]
fn failure_after_text_keeps_the_text() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
    for (body, end, _) in FAILURES {
        let stream = format!("{text}data: {body}\n\n");
        let outcome = respond(
            &config(r#","stream":true"#, ""),
            "text/event-stream",
            stream.as_bytes(),
            7,
        );
        let reply = outcome.end.unwrap();
        assert_eq!(
            (outcome.text.as_str(), reply.text(), &reply.warning),
            ("half", "half", &None)
        );
        let cause = reply.incomplete.unwrap();
        assert!(cause.ends_with(end), "{body}: {cause}");
        assert!(reply.session.messages[1].incomplete);
    }
}

#[test]
fn error_of_anthropic_is_read_whole_and_streamed() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let end = " at `api.anthropic.com/v1/messages` answered 529, try again later: Overloaded";
    let once = anthropic(r#","stream":true"#, r#","retries":0"#);
    for body in [
        error.to_owned(),
        format!("event: error\ndata: {error}\n\n"),
        format!("data: {error}\n\n"),
    ] {
        let shown = respond(&once, "text/event-stream", body.as_bytes(), 10)
            .end
            .unwrap_err();
        assert!(shown.ends_with(end), "{shown}");
    }
    let bare = r#"{"type":"error","message":"no"}"#;
    for body in [bare.to_owned(), format!("data: {bare}\n\n")] {
        let shown = respond(&once, "", body.as_bytes(), 10).end.unwrap_err();
        assert!(shown.ends_with(": no"), "{shown}");
    }
}

#[test]
fn message_of_anthropic_is_error_without_answer_only() {
    let once = anthropic("", r#","retries":0"#);
    let busy = br#"{"type":"busy","message":"full house"}"#;
    let shown = respond(&once, "application/json", busy, 10_000).end.unwrap_err();
    assert!(shown.ends_with(": full house"), "{shown}");
    let noted = r#"{"type":"message","message":"a note","content":[{"type":"text","text":"pong"}]}"#;
    let outcome = respond(&once, "application/json", noted.as_bytes(), 10_000);
    assert_eq!(outcome.end.unwrap().text(), "pong");
    let delta = r#"{"type":"content_block_delta","message":"a note","index":0,"delta":{"type":"text_delta","text":"pong"}}"#;
    let stream = format!("data: {delta}\n\ndata: {{\"type\":\"message_stop\"}}\n\n");
    let streamed = anthropic(r#","stream":true"#, r#","retries":0"#);
    let outcome = respond(&streamed, "text/event-stream", stream.as_bytes(), 10_000);
    assert_eq!(outcome.end.unwrap().text(), "pong");
}

#[test]
fn text_of_an_error_event_is_quoted() {
    let once = config(r#","stream":true"#, r#","retries":0"#);
    for (stream, end) in [
        ("event: error\ndata: out of memory\n\n", ": out of memory"),
        ("error: {\"code\":7,\"x\":1}\n\n", ": {\"code\":7,\"x\":1}"),
    ] {
        let shown = respond(&once, "text/event-stream", stream.as_bytes(), 10)
            .end
            .unwrap_err();
        assert!(shown.ends_with(end), "{shown}");
    }
}

#[test]
fn error_that_states_nothing_is_ignored() {
    for error in [
        "null",
        r#""""#,
        "{}",
        "[]",
        "false",
        r#"{"message":"","type":"","param":"","code":null}"#,
        r#"{"code":0,"message":" "}"#,
    ] {
        let whole = format!(
            r#"{{"choices":[{{"message":{{"content":"pong"}},"finish_reason":"stop","error":{error}}}],"error":{error}}}"#
        );
        let chunk = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"pong\"}},\"finish_reason\":\"stop\",\"error\":{error}}}],\"error\":{error}}}\n\n"
        );
        for (body, content_type) in [(&whole, "application/json"), (&chunk, "text/event-stream")] {
            let outcome = respond(
                &config(r#","stream":true"#, ""),
                content_type,
                body.as_bytes(),
                10_000,
            );
            assert_eq!(outcome.end.unwrap().text(), "pong", "{body}");
        }
        let message = format!(
            r#"{{"type":"message","content":[{{"type":"text","text":"pong"}}],"stop_reason":"end_turn","error":{error}}}"#
        );
        let outcome = respond(&anthropic("", ""), "application/json", message.as_bytes(), 10_000);
        assert_eq!(outcome.end.unwrap().text(), "pong", "{message}");
    }
}

fn shown(provider: &str, status: u16, body: &str) -> String {
    let config = config("", &format!(r#","retries":0{provider}"#));
    let (mut turn, _) = begin(&config);
    match answer(&mut turn, status, &[], body.as_bytes()) {
        Step::Failed(error) => error.to_string(),
        step => panic!("{step:?}"),
    }
}

#[test]
fn message_about_the_key_is_an_invalid_key() {
    for (status, body, is_key) in [
        (401, "", true),
        (401, r#"{"error":{"message":"Expired."}}"#, true),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}]"#,
            true,
        ),
        (
            400,
            r#"{"code":"x","error":"Incorrect API key provided: ab***yz."}"#,
            true,
        ),
        (
            400,
            r#"{"error":{"code":"invalid_api_key","message":"no"}}"#,
            true,
        ),
        (403, r#"{"error":{"message":"Invalid token"}}"#, true),
        (
            403,
            r#"{"message":"The security token included in the request is invalid."}"#,
            true,
        ),
        (400, r#"{"message":"Bad credentials"}"#, true),
        (403, r#"{"error":{"message":"The api-key is disabled"}}"#, true),
        (
            403,
            r#"{"error":{"message":"Country, region, or territory not supported"}}"#,
            false,
        ),
        (403, "", false),
        (400, r#"{"error":{"message":"Unknown parameter: key"}}"#, false),
        (404, r#"{"error":{"message":"API key not found"}}"#, false),
    ] {
        let shown = shown("", status, body);
        assert_eq!(shown.starts_with("Invalid API key: "), is_key, "{shown}");
    }
    let region = shown("", 403, r#"{"error":{"message":"Region not supported"}}"#);
    assert!(
        region.ends_with(" answered 403, check the rights of the account: Region not supported"),
        "{region}"
    );
}

#[test]
fn error_404_names_the_appended_path() {
    for (base, hint) in [
        (
            "http://127.0.0.1:1",
            "provider `openai` at `127.0.0.1:1/chat/completions` answered 404, check `api_base`, to which \
             `/chat/completions` was appended, which may lack `/v1` at its end: no",
        ),
        (
            "http://127.0.0.1:1/v1beta/openai",
            "provider `openai` at `127.0.0.1:1/v1beta/openai/chat/completions` answered 404, check `api_base`, to \
             which `/chat/completions` was appended: no",
        ),
    ] {
        assert_eq!(shown(&format!(r#","api_base":"{base}""#), 404, "no"), hint);
    }
    for about in [
        "The model `x` does not exist",
        "Model not found",
        "No such deployment",
    ] {
        let shown = shown("", 404, &format!(r#"{{"error":{{"message":"{about}"}}}}"#));
        assert!(
            shown.ends_with(&["404, check `model`: ", about].concat()),
            "{shown}"
        );
    }
}

#[test]
fn quotes_json_of_unknown_shape() {
    let body = r#"{"reason_code":7,"info":{"a":[1,2]}}"#;
    assert!(shown("", 500, body).ends_with(&[": ", body].concat()));
}

#[test]
fn waits_as_long_as_body_or_header_asks() {
    let gemini =
        r#"[{"error":{"code":429,"message":"quota","details":[{"@type":"RetryInfo","retryDelay":"7.5s"}]}}]"#;
    for (status, headers, body, millis) in [
        (429, &[][..], gemini, 7500),
        (200, &[][..], gemini, 7500),
        (429, &[("retry-after-ms", "1250")][..], "", 1250),
        (503, &[("Retry-After", "2.5")][..], "", 2500),
        (429, &[("retry-after-ms", "10")][..], "", 500),
        (
            200,
            &[("retry-after", "3")][..],
            r#"{"error":{"code":429}}"#,
            3000,
        ),
    ] {
        let config = config("", "");
        let (mut turn, _) = begin(&config);
        let Step::Retry { after, .. } = answer(&mut turn, status, headers, body.as_bytes()) else {
            panic!("{body}")
        };
        assert_eq!(after, Duration::from_millis(millis), "{headers:?} {body}");
    }
}

#[test]
fn asks_again_after_an_empty_answer() {
    for body in [
        r#"{"choices":[]}"#,
        r#"{"choices":[{"message":{"content":""}}]}"#,
        "data: [DONE]\n\n",
    ] {
        assert!(
            respond(&config("", ""), "", body.as_bytes(), 10).retried,
            "{body}"
        );
    }
}

#[test]
fn bare_json_in_a_stream_is_an_error() {
    let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n";
    for error in [
        "{\"error\":{\"message\":\"fell over\"}}\n",
        "{\n  \"error\": {\n    \"message\": \"fell over\"\n  }\n}\n\n",
    ] {
        let stream = [chunk, error].concat();
        let outcome = respond(
            &config(r#","stream":true"#, ""),
            "text/event-stream",
            stream.as_bytes(),
            7,
        );
        let cause = outcome.end.unwrap().incomplete.unwrap();
        assert!(cause.ends_with(": fell over"), "{cause}");
    }
}

#[test]
fn error_body_may_be_stream_or_page() {
    for (body, end) in [
        (
            "data: {\"error\":{\"message\":\"slow\"}}\n\ndata: [DONE]\n\n",
            ": slow",
        ),
        (
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"slow\"}}",
            ": slow",
        ),
        ("error: slow", ": slow"),
        (
            "<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head>",
            ": Attention Required! | Cloudflare",
        ),
        (
            "<?xml version=\"1.0\"?><Error><Code>X</Code><Message>by policy</Message></Error>",
            ": by policy",
        ),
        (
            "<HTML><HEAD>\n<TITLE lang=\"en\">Access denied</TITLE></HEAD>",
            ": Access denied",
        ),
        (
            "<html><body><h1 class=x>Your address is blocked</h1></body>",
            ": Your address is blocked",
        ),
        ("<html><script>x</script></html>", ": a web page"),
        ("<html><title>", ", check `api_base` and `kind`"),
    ] {
        let shown = shown("", 418, body);
        assert!(shown.ends_with(end), "{shown}");
    }
}
