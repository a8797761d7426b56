//! Images, recordings, documents, refusals and failures between OpenAI's dialects and Anthropic's.

use clawft_api::{Dialect, Options, Request};
use serde_json::{Value, json};

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;
const RESPONSES: Dialect = Dialect::Responses;

fn translate(from: Dialect, to: Dialect, body: &Value) -> Result<Value, String> {
    let request = Request::read(from, body.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let written = request
        .write(to, &Options::default())
        .map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&written.body).unwrap())
}

fn chat(part: &Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": [part, {"type": "text", "text": "x"}]}]})
}

fn responses(part: &Value) -> Value {
    json!({"model": "m", "input": [
        {"type": "message", "role": "user", "content": [part, {"type": "input_text", "text": "x"}]},
    ]})
}

#[test]
fn translates_parts_of_openai_both_ways() {
    for (of_chat, of_responses) in [
        (
            json!({"type": "image_url", "image_url": {"url": "https://example.org/a", "detail": "low"}}),
            json!({"type": "input_image", "image_url": "https://example.org/a", "detail": "low"}),
        ),
        (
            json!({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}),
            json!({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}),
        ),
        (
            json!({"type": "file", "file": {"file_id": "f"}}),
            json!({"type": "input_file", "file_id": "f"}),
        ),
        (
            json!({"type": "file", "file": {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}}),
            json!({"type": "input_file", "file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}),
        ),
    ] {
        let there = translate(CHAT, RESPONSES, &chat(&of_chat)).unwrap();
        assert_eq!(there["input"][0]["content"][0], of_responses);
        let back = translate(RESPONSES, CHAT, &responses(&of_responses)).unwrap();
        assert_eq!(back["messages"][0]["content"][0], of_chat);
        for (dialect, body) in [(CHAT, chat(&of_chat)), (RESPONSES, responses(&of_responses))] {
            assert_eq!(translate(dialect, dialect, &body).unwrap(), body);
        }
    }
}

#[test]
fn reads_data_urls_in_each_spelling() {
    for url in [
        "data:image/png;base64,QQ==",
        "data:image/PNG;base64,QQ==",
        "DATA:image/png;BASE64,QQ==",
        "data:image/png;charset=utf-8;base64,QQ==",
    ] {
        let part = json!({"type": "image_url", "image_url": {"url": url}});
        let sent = translate(CHAT, MESSAGES, &chat(&part)).unwrap();
        assert_eq!(
            sent["messages"][0]["content"][0]["source"],
            json!({"type": "base64", "media_type": "image/png", "data": "QQ=="}),
            "{url}"
        );
    }
}

#[test]
fn refuses_parts_that_only_one_dialect_has() {
    for part in [
        json!({"type": "input_image", "file_id": "f"}),
        json!({"type": "input_file", "file_url": "https://example.org/a.pdf"}),
        json!({"type": "computer_screenshot"}),
    ] {
        let error = translate(RESPONSES, CHAT, &responses(&part)).unwrap_err();
        assert!(error.starts_with("input.0.content.0: "), "{error}");
        assert_eq!(
            translate(RESPONSES, RESPONSES, &responses(&part)).unwrap(),
            responses(&part)
        );
    }
    let block = json!({"type": "image", "source": {"type": "file", "file_id": "f"}});
    for to in [CHAT, RESPONSES] {
        let error = translate(MESSAGES, to, &chat(&block)).unwrap_err();
        assert!(error.starts_with("messages.0.content.0: "), "{error}");
    }
}

#[test]
fn translates_documents_of_anthropic_to_responses() {
    for (block, part) in [
        (
            json!({"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}}),
            json!({"type": "input_file", "file_url": "https://example.org/a.pdf"}),
        ),
        (
            json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}}),
            json!({"type": "input_file", "file_data": "data:application/pdf;base64,QQ==", "filename": "document"}),
        ),
        (
            json!({"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}),
            json!({"type": "input_text", "text": "T\n\nd"}),
        ),
    ] {
        let body = translate(MESSAGES, RESPONSES, &chat(&block)).unwrap();
        assert_eq!(body["input"][0]["content"][0], part);
    }
    let text = json!({"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "d"}});
    let body = translate(MESSAGES, CHAT, &chat(&text)).unwrap();
    assert_eq!(
        body["messages"][0]["content"][0],
        json!({"type": "text", "text": "T\n\nd"})
    );
}

#[test]
fn tells_of_failures_in_the_text() {
    let result = |content: Value| {
        json!({"model": "m", "messages": [{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c", "is_error": true, "content": content},
        ]}]})
    };
    for (content, output) in [
        (json!("no file"), json!("Error: no file")),
        (json!("error: no file"), json!("error: no file")),
        (json!([]), json!("Error: ")),
        (
            json!([{"type": "text", "text": "a"}, {"type": "image", "source": {"type": "url", "url": "u"}}]),
            json!([{"type": "input_text", "text": "Error: a"}, {"type": "input_image", "image_url": "u"}]),
        ),
    ] {
        let body = translate(MESSAGES, RESPONSES, &result(content)).unwrap();
        assert_eq!(
            body["input"][0],
            json!({"type": "function_call_output", "call_id": "c", "output": output})
        );
    }
    let old = json!({"model": "m", "input": [
        {"type": "function_call_output", "call_id": "c", "output": {"content": "no", "success": false}},
    ]});
    let body = translate(RESPONSES, MESSAGES, &old).unwrap();
    assert_eq!(body["messages"][0]["content"][0]["is_error"], true);
}

#[test]
fn translates_refusals_of_earlier_turns() {
    let said = json!({"model": "m", "messages": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": null, "refusal": "No."},
        {"role": "user", "content": "Why?"},
    ]});
    let body = translate(CHAT, RESPONSES, &said).unwrap();
    assert_eq!(
        body["input"][1],
        json!({"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]})
    );
    let back = translate(RESPONSES, CHAT, &body).unwrap();
    assert_eq!(back["messages"][1]["refusal"], "No.");
    let body = translate(CHAT, MESSAGES, &said).unwrap();
    assert_eq!(
        body["messages"][1]["content"],
        json!([{"type": "text", "text": "No."}])
    );
}

#[test]
fn reads_the_older_form_of_calls() {
    let body = json!({"model": "m", "messages": [
        {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "x"},
    ]});
    let body = translate(CHAT, MESSAGES, &body).unwrap();
    assert_eq!(
        body["messages"],
        json!([
            {"role": "assistant", "content": [{"type": "tool_use", "id": "f", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "f", "content": "x"}]},
        ])
    );
}
