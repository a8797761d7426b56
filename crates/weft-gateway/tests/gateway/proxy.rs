//! Requests that are passed on as they came.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    client::Request,
    context::{GatewayOptions, KEY, TestContext},
    upstream::{EVENTS, GivenProvider, Part},
};

/// An answer with everything that OpenAI's API has, and more.
const ANSWER: &str = r#"{"id":"chatcmpl-1" , "choices":[{"index":0,"message":{"role":"assistant","content":null,"reasoning_content":"hm","refusal":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":5}},"x":1e3}"#;

/// A request with fields that the gateway does not know, in an order of its own.
const ASK: &str = r#"{ "zz_unknown":{"a":[1,2.50]}, "messages":[{"role":"system","content":"whisper"},{"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","content":"x","tool_call_id":"c"},{"role":"function","name":"f","content":"x"},{"role":"system","content":"last"}],"model":"some/model","tools":[{"type":"function"}],"top_p":0.9,"seed":7 }"#;

const STREAM: &str = r#"{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#;

const CHUNKS: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    ": a comment of the provider\n\n",
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
    "data: [DONE]\n\n"
);

fn chat(body: &str) -> Request {
    Request::post("/v1/chat/completions", body)
}

#[test]
fn request_and_answer_stay_as_they_are() {
    let given = GivenProvider::whole(200, "", ANSWER);
    let context = GatewayOptions::given(&given).start();
    let answer = context.send(chat(ASK).header("authorization", "Bearer a-clients-own"));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(answer.header("x-clawft-provider"), Some("openai"));
    assert_eq!(answer.header("x-clawft-model"), Some("some/model"));
    assert_eq!(answer.text(), ANSWER);
    let sent = &given.sent()[0];
    assert_eq!(sent.body, ASK);
    assert_eq!(sent.head[0], "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(sent.header("authorization"), Some(&*format!("Bearer {KEY}")));
    let line = context.logged("\"event\":\"request\"");
    for part in [
        "\"provider\":\"openai\"",
        "\"model\":\"some/model\"",
        "\"prompt_tokens\":11,\"completion_tokens\":7",
        "\"first_byte_ms\":",
    ] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn request_without_model_gets_the_configured_one() {
    let given = GivenProvider::whole(200, "", ANSWER);
    let context = GatewayOptions::given(&given).start();
    assert_eq!(context.send(chat(r#"{"messages":[]}"#)).status, 200);
    assert_eq!(given.sent()[0].body, r#"{"model":"test-model","messages":[]}"#);
}

#[test]
fn every_spelling_of_a_path_is_passed_on() {
    let given = GivenProvider::whole(200, "", ANSWER);
    let context = GatewayOptions::given(&given).start();
    for (path, upstream) in [
        ("/chat/completions", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions"),
        ("/v1//chat/completions", "/v1/chat/completions"),
        ("/v1/embeddings", "/v1/embeddings"),
        ("/embeddings/", "/v1/embeddings"),
        ("/completions", "/v1/completions"),
    ] {
        let answer = context.send(Request::post(path, r#"{"model":"m","input":"x"}"#));
        assert_eq!((answer.status, answer.text().as_str()), (200, ANSWER), "{path}");
        let sent = given.sent();
        let line = format!("POST {upstream} HTTP/1.1");
        assert_eq!(sent.last().map(|sent| &sent.head[0]), Some(&line));
    }
}

#[test]
fn streams_byte_for_byte() {
    let given = GivenProvider::events(CHUNKS);
    let context = GatewayOptions::given(&given).start();
    let answer = context.send(chat(STREAM));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/event-stream"))
    );
    assert_eq!(answer.text(), CHUNKS);
    assert_eq!(given.sent()[0].body, STREAM);
    context.logged("\"prompt_tokens\":3,\"completion_tokens\":4");
    let metrics = context.send(Request::get("/metrics")).text();
    assert!(
        metrics.contains("clawft_tokens_total{kind=\"prompt\"} 3"),
        "{metrics}"
    );
}

#[test]
fn passes_on_whole_event_wherever_it_was_cut() {
    for cut in [3, 40, CHUNKS.len() - 1] {
        let (start, rest) = CHUNKS.split_at(cut);
        let parts = vec![
            Part::Bytes(format!("{EVENTS}{start}")),
            Part::Pause(Duration::from_millis(50)),
            Part::Bytes(rest.to_owned()),
        ];
        let given = GivenProvider::new(vec![parts]);
        let context = GatewayOptions::given(&given).start();
        let mut answer = context.send(chat(STREAM));
        let first = answer.some_events();
        assert!(first.ends_with("\n\n"), "{first}");
        assert_eq!(first + &answer.text(), CHUNKS);
    }
}

#[test]
fn silent_model_keeps_the_connection_alive() {
    let head = Part::Bytes(EVENTS.to_owned());
    let chunks = Part::Bytes(CHUNKS.to_owned());
    let late_head = vec![Part::Hold, head.clone(), chunks.clone()];
    let late_body = vec![head, Part::Hold, chunks];
    for parts in [late_head, late_body] {
        let given = GivenProvider::new(vec![parts]);
        let context = GatewayOptions::given(&given).start();
        let mut answer = context.send(chat(STREAM));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.some_events(), ": waiting for the model\n\n");
        given.release();
        assert_eq!(answer.text(), CHUNKS);
    }
}

#[test]
fn late_failure_is_an_event() {
    let body = r#"{"error":{"message":"too busy","type":"server_error"}}"#;
    let given = GivenProvider::new(vec![vec![Part::Hold, GivenProvider::answer(503, "", body)]]);
    let context = GatewayOptions::given(&given).start();
    let mut answer = context.send(chat(STREAM));
    assert_eq!(answer.some_events(), ": waiting for the model\n\n");
    given.release();
    let text = answer.text();
    assert!(
        text.starts_with("data: {\"error\":{\"message\":\"too busy\""),
        "{text}"
    );
    assert!(!text.contains("[DONE]"));
}

#[test]
fn stream_that_breaks_off_ends_with_an_error() {
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = "data: {\"choices\":[]}\n\n";
    let given = GivenProvider::new(vec![vec![Part::Bytes(format!(
        "{chunked}{:x}\r\n{chunk}\r\nff\r\ndata: {{",
        chunk.len()
    ))]]);
    let context = GatewayOptions::given(&given).start();
    let text = context.send(chat(STREAM)).text();
    let rest = text.strip_prefix(chunk).expect("what arrived");
    let error: Value =
        serde_json::from_str(rest.trim().strip_prefix("data: ").expect("an event")).expect("JSON");
    assert_eq!(error["error"]["code"], "incomplete");
    assert!(
        context
            .send(Request::get("/metrics"))
            .text()
            .contains("clawft_incomplete_total 1")
    );
}

#[test]
fn provider_error_is_passed_on_as_it_came() {
    let body = r#"{"error":{"message":"max_tokens is too large","type":"invalid_request_error","param":"max_tokens","code":"x"}}"#;
    for status in [400, 404, 413, 422, 500, 503] {
        let given = GivenProvider::whole(status, "x-request-id: req_7\r\n", body);
        let context = GatewayOptions::given(&given).start();
        for ask in [ASK, STREAM] {
            let answer = context.send(chat(ask));
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("x-request-id"), Some("req_7"));
            assert!(
                answer
                    .header("x-clawft-request-id")
                    .is_some_and(|id| id.len() == 24)
            );
            assert_eq!(
                answer.header("x-should-retry"),
                (status >= 500).then_some("false")
            );
            assert_eq!(answer.text(), body);
        }
    }
}

#[test]
fn client_need_not_repeat_what_gateway_repeated() {
    let body = r#"{"error":{"message":"slow down"}}"#;
    let given = GivenProvider::whole(429, "retry-after: 0\r\nx-ratelimit-remaining-tokens: 0\r\n", body);
    let context = GatewayOptions::given(&given)
        .provider(json!({ "retries": 2 }))
        .start();
    for ask in [ASK, STREAM] {
        let before = given.sent().len();
        let answer = context.send(chat(ask));
        assert_eq!(
            (answer.status, answer.header("x-should-retry")),
            (429, Some("false"))
        );
        assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("0"));
        assert_eq!(answer.text(), body);
        assert_eq!(given.sent().len() - before, 3);
    }
}

#[test]
fn failed_attempt_is_repeated() {
    let broken = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"";
    let given = GivenProvider::new(vec![
        vec![Part::Bytes(broken.to_owned())],
        vec![GivenProvider::answer(200, "", ANSWER)],
    ]);
    let context = GatewayOptions::given(&given)
        .provider(json!({ "retries": 1 }))
        .start();
    let answer = context.send(chat(ASK));
    assert_eq!((answer.status, answer.text().as_str()), (200, ANSWER));
}

#[test]
fn key_in_an_error_is_hidden() {
    let body = json!({ "error": { "message": format!("not {KEY}"), "code": "x" } }).to_string();
    for (status, expected) in [(400, 400), (401, 502), (403, 502), (500, 502)] {
        let given = GivenProvider::whole(status, "", &body);
        let context = GatewayOptions::given(&given).start();
        let answer = context.send(chat(ASK));
        assert_eq!(answer.status, expected);
        let text = answer.text();
        assert!(!text.contains(&KEY[..8]) && text.contains("\"error\""), "{text}");
    }
}

#[test]
fn foreign_errors_become_errors_of_the_dialect() {
    for body in ["<html>busy</html>", r#"{"detail":"busy"}"#, ""] {
        let given = GivenProvider::whole(400, "", body);
        let context = GatewayOptions::given(&given).start();
        let answer = context.send(chat(ASK));
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"]["message"].is_string());
    }
}

#[test]
fn redirect_is_not_followed() {
    let given = GivenProvider::whole(307, "location: http://127.0.0.1:9/secret\r\n", "");
    let context = GatewayOptions::given(&given).start();
    let answer = context.send(chat(ASK));
    assert_eq!(answer.status, 502);
    let text = answer.text();
    for part in ["answered 307", "not followed", "`127.0.0.1:9`"] {
        assert!(text.contains(part) && !text.contains("secret"), "{text}");
    }
}

#[test]
fn answer_without_content_is_named() {
    let given = GivenProvider::new(vec![vec![Part::Bytes(
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned(),
    )]]);
    let context = GatewayOptions::given(&given).start();
    let answer = context.send(chat(ASK));
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("status 204"));
}

#[test]
fn names_encoding_of_answer_that_must_be_read() {
    let given = GivenProvider::whole(200, "content-encoding: gzip\r\n", "\u{1f}");
    let context = GatewayOptions::given(&given).start();
    let read = r#"{"model":"m","max_tokens":1,"messages":[]}"#;
    let answer = context.send(Request::post("/v1/messages", read));
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("encoded as `gzip`"));
}

#[test]
fn advice_is_about_the_clients_request() {
    let given = GivenProvider::whole(422, "", r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#);
    let context = GatewayOptions::given(&given).start();
    let text = context.send(chat(ASK)).text();
    assert!(
        text.contains("check the request") && text.contains("field required"),
        "{text}"
    );
}

#[test]
fn anthropics_clients_learn_the_identifier_of_a_request() {
    for (kind, headers, expected) in [
        ("anthropic", "request-id: req_1\r\n", Some("req_1")),
        ("openai", "x-request-id: req_2\r\n", Some("req_2")),
        ("openai", "", None),
    ] {
        let given = GivenProvider::whole(200, headers, ANSWER);
        let context = GatewayOptions::given(&given)
            .provider(json!({ "kind": kind }))
            .start();
        let ask = r#"{"model":"m","max_tokens":1,"messages":[]}"#;
        let answer = context.send(Request::post("/v1/messages", ask));
        assert_eq!(answer.status, 200);
        let own = answer.header("x-clawft-request-id");
        assert_eq!(answer.header("request-id"), expected.or(own));
    }
}

#[test]
fn trace_is_passed_on() {
    let given = GivenProvider::whole(200, "traceparent: 00-2\r\n", ANSWER);
    let context = GatewayOptions::given(&given).start();
    let answer = context.send(chat(ASK).header("traceparent", "00-1").header("cookie", "a=b"));
    assert_eq!(answer.header("traceparent"), Some("00-2"));
    let sent = &given.sent()[0];
    assert_eq!(
        (sent.header("traceparent"), sent.header("cookie")),
        (Some("00-1"), None)
    );
}

#[test]
fn large_answer_is_passed_on_completely() {
    let long = format!("{{\"data\":\"{}\"}}", "x".repeat(3_000_000));
    let given = GivenProvider::whole(200, "", &long);
    let context = GatewayOptions::given(&given).start();
    let answer = context.send(chat(ASK));
    assert_eq!(answer.header("content-length"), Some(&*long.len().to_string()));
    assert!(answer.text() == long);
    let given = GivenProvider::whole(200, "", &long);
    let limited = GatewayOptions::given(&given).provider(json!({ "max_response_bytes": 1000 }));
    let limited = limited.start();
    assert_eq!(limited.send(chat(ASK)).status, 200, "nothing has to be held");
    let read = r#"{"model":"m","max_tokens":1,"messages":[]}"#;
    assert_eq!(limited.send(Request::post("/v1/messages", read)).status, 502);
}

#[test]
fn anthropics_clients_get_their_dialect() {
    let body = r#"{"model":"claude","max_tokens":1,"messages":[]}"#;
    let given = GivenProvider::whole(200, "request-id: req_1\r\n", r#"{"type":"message"}"#);
    let context = GatewayOptions::given(&given)
        .provider(json!({ "kind": "anthropic" }))
        .start();
    for path in ["/v1/messages", "/v1/messages/count_tokens", "/messages"] {
        let answer = context.send(Request::post(path, body).header("anthropic-beta", "b"));
        assert_eq!((answer.status, answer.header("request-id")), (200, Some("req_1")));
        assert_eq!(answer.text(), r#"{"type":"message"}"#);
        let sent = given.sent();
        let sent = sent.last().expect("a request");
        assert_eq!((sent.body.as_str(), sent.header("x-api-key")), (body, Some(KEY)));
        assert_eq!(sent.header("anthropic-beta"), Some("b"));
        assert!(sent.header("anthropic-version").is_some());
    }
    let wrong = context.send(Request::post("/v1/messages", "[]"));
    assert_eq!(wrong.status, 400);
    let wrong = wrong.json();
    assert_eq!(
        (&wrong["type"], &wrong["error"]["type"]),
        (&json!("error"), &json!("invalid_request_error"))
    );
}

#[test]
fn silent_provider_times_out() {
    for ask in [ASK, STREAM] {
        let context = GatewayOptions::new("silent").timeout(1).start();
        let answer = context.send(chat(ask));
        let status = answer.status;
        let text = answer.text();
        assert!(
            status == 504 || text.contains("Request timed out after 1 s"),
            "{status} {text}"
        );
    }
}

#[test]
fn provider_judges_unknown_member_given_twice() {
    let given = GivenProvider::whole(200, "", ANSWER);
    let context: TestContext = GatewayOptions::given(&given).start();
    assert_eq!(context.send(chat(r#"{"a":1,"a":2}"#)).status, 200);
    let twice = context.send(chat(r#"{"model":"a","model":"b"}"#));
    assert_eq!(
        (twice.status, twice.json()["error"]["param"].clone()),
        (400, json!("model"))
    );
    assert_eq!(given.sent().len(), 1);
}

#[test]
fn complete_answer_has_until_the_total_time() {
    let given = GivenProvider::new(vec![vec![Part::Hold]]);
    let times = json!({ "timeout_secs": null, "total_timeout_secs": 1, "retries": 0 });
    let context = GatewayOptions::given(&given).provider(times).start();
    let answer = context.send(Request::chat(&json!({ "messages": [] })));
    let status = answer.status;
    let text = answer.text();
    assert!(
        status == 504 && text.contains("`total_timeout_secs`"),
        "{status} {text}"
    );
}
