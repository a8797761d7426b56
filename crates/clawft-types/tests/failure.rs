//! Error bodies in the shapes of all providers.

use std::time::Duration;

use clawft_types::{
    failure::{delay, message, seconds, status},
    json::{self, Node, Value},
};

fn parse(body: &str) -> Value {
    json::parse(body.as_bytes()).unwrap()
}

#[test]
fn finds_the_message_in_every_shape() {
    for (body, expected) in [
        // OpenAI and those who follow it, Anthropic, Ollama, Cohere, AWS.
        (
            r#"{"error":{"message":"a","type":"t","param":null,"code":"c"}}"#,
            "a",
        ),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
            "Overloaded",
        ),
        (r#"{"error":"b"}"#, "b"),
        (r#"{"message":"c"}"#, "c"),
        (r#"{"Message":"d"}"#, "d"),
        (r#"{"msg":"e","code":1}"#, "e"),
        (
            r#"{"object":"error","message":"f","type":"BadRequestError","code":400}"#,
            "f",
        ),
        (r#"{"error":null,"message":"g"}"#, "g"),
        (r#"{"error":true,"message":"h"}"#, "h"),
        // Gemini sends an array, Cloudflare a list of errors.
        (
            r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#,
            "API key not valid.",
        ),
        (
            r#"{"success":false,"errors":[{"code":7003,"message":"i"},{"code":7000,"message":"j"}],"messages":[]}"#,
            "i; j",
        ),
        // FastAPI.
        (r#"{"detail":"Not Found"}"#, "Not Found"),
        (
            r#"{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required"}]}"#,
            "body.messages: Field required",
        ),
        (
            r#"{"detail":[{"loc":["a"],"msg":"x"},{"loc":["b"],"msg":"x"}]}"#,
            "a: x; b: x",
        ),
        (r#"{"detail":{"error":"k"}}"#, "k"),
        // RFC 9457, Spring, OAuth.
        (
            r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"Not yours."}"#,
            "Forbidden: Not yours.",
        ),
        (
            r#"{"status":404,"error":"Not Found","message":"No route","path":"/"}"#,
            "Not Found: No route",
        ),
        (
            r#"{"error":"invalid_grant","error_description":"Expired"}"#,
            "invalid_grant: Expired",
        ),
        // Errors in errors.
        (r#"{"error":{"error":{"message":"l"}}}"#, "l"),
        (r#"{"error":{"error":"m","message":"m"}}"#, "m"),
        (
            r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"n\"}}","provider_name":"P"}}}"#,
            "Provider returned error: n",
        ),
        (
            r#"{"error":{"message":"Provider returned error","metadata":{"raw":"slow down"}}}"#,
            "Provider returned error: slow down",
        ),
        (r#"{"error":{"message":"{not JSON"}}"#, "{not JSON"),
        (
            r#"{"base_resp":{"status_code":1004,"status_msg":"login fail"}}"#,
            "login fail",
        ),
        (
            r#"{"fault":{"faultstring":"o","detail":{"errorcode":"policies.ratelimit"}}}"#,
            "o",
        ),
        (r#"{"header":{"code":10013,"message":"p"}}"#, "p"),
        (r#"{"error":true,"reason":"q"}"#, "q"),
        // No message.
        (r#"{"error":{"code":5}}"#, ""),
        (r#"{"error":{"message":""}}"#, ""),
        (r#"{"choices":[{"message":{"content":"hi"}}]}"#, ""),
        ("[]", ""),
        ("3", ""),
    ] {
        assert_eq!(message(Node::root(&parse(body))), expected, "{body}");
    }
    let deep = ["[".repeat(100), "\"x\"".to_owned(), "]".repeat(100)].concat();
    assert_eq!(message(Node::root(&parse(&deep))), "");
}

#[test]
fn finds_the_status_in_every_shape() {
    for (body, expected) in [
        (r#"{"error":{"code":429,"message":"a"}}"#, Some(429)),
        (r#"{"error":{"code":"502"}}"#, Some(502)),
        (r#"{"error":{"status":"429 Too Many Requests"}}"#, Some(429)),
        (r#"{"error":{"type":"overloaded_error"}}"#, Some(529)),
        (r#"{"error":{"type":"rate_limit_error"}}"#, Some(429)),
        (
            r#"{"error":{"type":"tokens","code":"rate_limit_exceeded"}}"#,
            Some(429),
        ),
        (r#"{"error":{"type":"api_error"}}"#, Some(500)),
        (r#"{"error":{"type":"authentication_error"}}"#, Some(401)),
        (
            r#"{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}"#,
            Some(401),
        ),
        (
            r#"{"error":{"type":"invalid_request_error","code":null}}"#,
            Some(400),
        ),
        (r#"[{"error":{"code":503,"status":"UNAVAILABLE"}}]"#, Some(503)),
        (r#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#, Some(429)),
        (r#"{"object":"error","code":400}"#, Some(400)),
        (r#"{"errors":[{"code":7003}]}"#, None),
        (r#"{"error":{"code":200}}"#, None),
        (r#"{"error":"no"}"#, None),
        (r#"{"error":{"code":1e3}}"#, None),
        ("[]", None),
    ] {
        assert_eq!(status(Node::root(&parse(body))), expected, "{body}");
    }
}

#[test]
fn finds_the_delay_that_gemini_sends() {
    let body = r#"[{"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.Help"},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.0748s"}]}}]"#;
    assert_eq!(
        delay(Node::root(&parse(body))),
        Some(Duration::from_millis(34_074))
    );
    let odd = r#"{"error":{"details":[{"retryDelay":"soon"}]}}"#;
    assert_eq!(delay(Node::root(&parse(odd))), None);
}

#[test]
fn reads_seconds_to_the_millisecond() {
    for (text, millis) in [
        ("3", Some(3000)),
        ("0.5", Some(500)),
        ("1.2345", Some(1234)),
        ("1.", Some(1000)),
        (".5", None),
        ("-1", None),
        ("1e3", None),
        ("", None),
    ] {
        assert_eq!(seconds(text), millis.map(Duration::from_millis), "{text}");
    }
    for longest in ["18446744073709551615", "99999999999999999999"] {
        assert_eq!(seconds(longest), Some(Duration::from_secs(u64::MAX)));
    }
    assert!(seconds("18446744073709551615.999").is_some());
}
