//! The dialect of Anthropic.

use clawft_core::{HeaderValue, Step};
use clawft_types::Usage;
use serde_json::{Value, json};

use crate::common::{KEY, answer, anthropic, begin, fixture};

#[test]
fn request_matches_the_documentation() {
    let config = anthropic(r#","system_prompt":"Be brief.""#, "");
    let (_, request) = begin(&config);
    assert_eq!(request.url, "https://api.anthropic.com/v1/messages");
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|header| (header.name.as_ref(), header.value.expose()))
        .collect();
    for header in [
        ("x-api-key", KEY),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
    ] {
        assert!(headers.contains(&header), "{header:?}");
    }
    assert!(!headers.iter().any(|(name, _)| *name == "authorization"));
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({"model": "claude-opus-4-20250514", "max_tokens": 32000, "stream": true, "system": "Be brief.",
            "messages": [{"role": "user", "content": "Hello!"}]})
    );
}

#[test]
fn limit_and_address_are_configurable() {
    let config = anthropic(r#","max_tokens":7"#, r#","api_base":"http://localhost:1/v1""#);
    let (_, request) = begin(&config);
    assert_eq!(request.url, "http://localhost:1/v1/messages");
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap()["max_tokens"],
        7
    );
}

#[test]
fn never_prints_the_key() {
    let config = anthropic("", "");
    let (turn, request) = begin(&config);
    let secret = request
        .headers
        .iter()
        .find(|header| header.name == "x-api-key")
        .unwrap();
    assert!(matches!(secret.value, HeaderValue::Secret(_)));
    for shown in [
        format!("{turn:?}"),
        format!("{request:?}"),
        secret.value.to_string(),
    ] {
        assert!(shown.contains("***") && !shown.contains("sk-proj"), "{shown}");
    }
}

#[test]
fn reads_the_documented_answer() {
    let config = anthropic("", "");
    let (mut turn, _) = begin(&config);
    let Step::Done(reply) = answer(&mut turn, 200, &[], fixture!("anthropic-message.json")) else {
        panic!()
    };
    assert_eq!(
        (reply.text(), reply.finish_reason.as_deref()),
        ("Hello!", Some("end_turn"))
    );
    assert_eq!(
        reply.usage,
        Some(Usage {
            prompt_tokens: 12,
            completion_tokens: 6,
            total_tokens: 18,
            ..Usage::default()
        })
    );
    assert_eq!((reply.streamed, reply.incomplete), (false, None));
    assert_eq!(reply.session.messages.len(), 2);
}

#[test]
fn reads_the_documented_errors() {
    for (status, body, message) in [
        (
            404,
            fixture!("anthropic-not-found.json"),
            ": The requested resource could not be found.",
        ),
        (
            401,
            fixture!("anthropic-invalid-key.json"),
            " answered 401, the key was read from the variable `ANTHROPIC_API_KEY`: invalid x-api-key",
        ),
        (
            200,
            br#"{"id":"x","choices":[]}"#,
            "sent something else than a chat completion, check `api_base` and \
             `kind`: content: missing",
        ),
    ] {
        let config = anthropic("", "");
        let (mut turn, _) = begin(&config);
        let Step::Failed(error) = answer(&mut turn, status, &[], body) else {
            panic!()
        };
        let shown = error.to_string();
        let at = "provider `anthropic` at `api.anthropic.com/v1/messages` ";
        assert!(shown.contains(at) && shown.ends_with(message), "{shown}");
    }
}
