//! Models, embeddings, error bodies and the counting of tokens.

use clawft_api::{Dialect, Embeddings, EmbeddingsRequest, ErrorBody, ErrorKind, Models, Options, Request};
use serde_json::{Value, json};

fn value(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn translates_models_both_ways() {
    let openai = json!({"object": "list", "data": [
        {"id": "a", "object": "model", "created": 951_868_799, "owned_by": ""},
        {"id": "b", "object": "model", "created": 0, "owned_by": ""},
    ]});
    let anthropic = json!({
        "data": [
            {"type": "model", "id": "a", "display_name": "a", "created_at": "2000-02-29T23:59:59Z"},
            {"type": "model", "id": "b", "display_name": "b", "created_at": "1970-01-01T00:00:00Z"},
        ],
        "has_more": false, "first_id": "a", "last_id": "b",
    });
    let models = Models::read(openai.to_string().as_bytes()).unwrap();
    assert_eq!(value(&models.write(Dialect::Messages)), anthropic);
    let models = Models::read(anthropic.to_string().as_bytes()).unwrap();
    assert_eq!(value(&models.write(Dialect::Chat)), openai);
    let none = value(&Models::default().write(Dialect::Messages));
    assert_eq!(none["first_id"], Value::Null);
    assert!(Models::read(b"{}").is_err());
}

#[test]
fn reads_each_form_of_embedding_inputs() {
    for (input, count) in [
        (json!("x"), 1),
        (json!(["x", "y"]), 2),
        (json!([1, 2, 3]), 1),
        (json!([[1], [2], [3]]), 3),
    ] {
        let body = json!({"model": "m", "input": input, "new": 1.0}).to_string();
        let request = EmbeddingsRequest::read(body.as_bytes()).unwrap();
        assert_eq!(request.inputs.len(), count);
        assert_eq!(value(&request.write())["new"], json!(1.0));
    }
    assert!(EmbeddingsRequest::read(b"{\"model\":\"m\"}").is_err());
}

#[test]
fn keeps_embeddings_as_they_are() {
    let body = json!({
        "object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3}, "new": null, "more": "x",
    });
    let answer = Embeddings::read(body.to_string().as_bytes()).unwrap();
    assert_eq!(answer.usage.unwrap().input, 3);
    let mut expected = body;
    expected.as_object_mut().unwrap().remove("new");
    assert_eq!(value(&answer.write()), expected);
}

#[test]
fn translates_error_bodies_of_all_dialects() {
    for (status, body, kind, message) in [
        (
            429,
            r#"{"error":{"message":"Slow","type":"requests","code":"rate_limit_exceeded"}}"#,
            ErrorKind::RateLimit,
            "Slow",
        ),
        (400, r#"{"detail":"Bad"}"#, ErrorKind::InvalidRequest, "Bad"),
        (500, r#"{"error":"Broken"}"#, ErrorKind::Server, "Broken"),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Full"}}"#,
            ErrorKind::Overloaded,
            "Full",
        ),
        (418, "<html>", ErrorKind::InvalidRequest, ""),
        (502, "", ErrorKind::Server, ""),
        (408, "{}", ErrorKind::Timeout, ""),
    ] {
        let error = ErrorBody::read(status, body.as_bytes());
        assert_eq!((error.kind, error.message.as_str()), (kind, message), "{body}");
        let anthropic = value(&error.write(Dialect::Messages));
        assert_eq!(anthropic["error"]["message"], message);
        assert_eq!(value(&error.write(Dialect::Chat))["error"]["message"], message);
    }
    assert_eq!(ErrorKind::Overloaded.status(Dialect::Chat), 503);
    assert_eq!(ErrorKind::Overloaded.status(Dialect::Messages), 529);
    let error = Request::read(Dialect::Chat, br#"{"model":"m","messages":1}"#).unwrap_err();
    let body = value(&ErrorBody::of_request(&error).write(Dialect::Responses));
    assert_eq!(body["error"]["param"], "messages");
    assert_eq!(body["error"]["type"], "invalid_request_error");
}

#[test]
fn estimates_tokens_of_requests_without_limit() {
    let body = json!({"model": "m", "system": "x".repeat(40), "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "y".repeat(40)},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A".repeat(9000)}},
        ]},
    ]});
    let request = Request::read(Dialect::Messages, body.to_string().as_bytes()).unwrap();
    let tokens = request.estimated_tokens();
    assert!((20..2000).contains(&tokens), "{tokens}");
    assert!(request.write(Dialect::Chat, &Options::default()).is_ok());
}
