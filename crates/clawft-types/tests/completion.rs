//! The providers' documented examples, and the deviations of other servers.

use clawft_types::completion::{error_message, read_usage, write_usage};
use clawft_types::json::{self, Node, Writer};
use clawft_types::{CompletionRequest, CompletionResponse, Message, Role, Temperature, Usage};
use serde_json::{Value, json};

fn read(bytes: &[u8]) -> Result<CompletionResponse, String> {
    let tree = json::parse(bytes).map_err(|error| error.to_string())?;
    CompletionResponse::read(Node::root(&tree)).map_err(|error| error.to_string())
}

#[test]
fn reads_the_documented_answer() {
    let bytes = include_bytes!("fixtures/openai-completion.json");
    let response = read(bytes).unwrap();
    assert_eq!(
        response.choice.as_ref().unwrap().message.content.as_deref(),
        Some("Hello! How can I assist you today?")
    );
    assert_eq!(
        response.choice.as_ref().unwrap().finish_reason.as_deref(),
        Some("stop")
    );
    let usage = Usage {
        prompt_tokens: 19,
        completion_tokens: 10,
        total_tokens: 29,
    };
    assert_eq!(response.usage, Some(usage));
}

#[test]
fn documented_tool_call_has_no_text() {
    let response = read(include_bytes!("fixtures/openai-tool-call.json")).unwrap();
    assert_eq!(response.choice.as_ref().unwrap().message.content, None);
    assert_eq!(
        response.choice.as_ref().unwrap().finish_reason.as_deref(),
        Some("tool_calls")
    );
}

#[test]
fn writes_the_documented_request() {
    let system = Message::new(Role::System, "You are a helpful assistant.");
    let user = Message::new(Role::User, "Hello!");
    let mut request = CompletionRequest {
        model: "gpt-4.1",
        messages: vec![&system, &user],
        max_tokens: None,
        max_completion_tokens: None,
        temperature: None,
        stream: false,
        stream_usage: true,
    };
    let documented: Value = serde_json::from_slice(include_bytes!("fixtures/openai-request.json")).unwrap();
    let written = |request: &CompletionRequest<'_>| {
        serde_json::from_slice::<Value>(&request.to_json().unwrap()).unwrap()
    };
    assert_eq!(written(&request), documented);

    request.max_tokens = Some(7);
    request.temperature = Temperature::new(0.25);
    assert_eq!(written(&request)["max_tokens"], json!(7));
    assert_eq!(written(&request)["temperature"], json!(0.25));
}

#[test]
fn reads_answers_with_missing_fields() {
    let response = read(br#"{"choices":[{"message":{"content":"hi"}}]}"#).unwrap();
    assert_eq!(
        response.choice.as_ref().unwrap().message.content.as_deref(),
        Some("hi")
    );
    assert_eq!(
        (
            response.choice.as_ref().unwrap().finish_reason.clone(),
            response.usage
        ),
        (None, None)
    );

    let odd = br#"{"choices":[{"message":{"content":"hi"},"finish_reason":3}],"usage":{"prompt_tokens":-1}}"#;
    assert_eq!(read(odd).unwrap().usage, Some(Usage::default()));
}

#[test]
fn joins_content_in_parts() {
    let parts = br#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"x"},{"type":"text","text":"b"}]}}]}"#;
    assert_eq!(
        read(parts)
            .unwrap()
            .choice
            .as_ref()
            .unwrap()
            .message
            .content
            .as_deref(),
        Some("ab")
    );
}

#[test]
fn wrong_shape_names_the_field() {
    for (body, error) in [
        ("{}", "choices: missing"),
        ("[]", "expected an object, found an array"),
        (r#"{"choices":3}"#, "choices: expected an array, found a number"),
        (r#"{"choices":[{}]}"#, "choices.0.message: missing"),
        (
            r#"{"choices":[{"message":{"content":3}}]}"#,
            "choices.0.message.content: expected a string, found a number",
        ),
        ("{", "1:1: not JSON, the text ends early"),
        ("", "1:0: not JSON, the text is empty"),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err(), error, "{body}");
    }
}

#[test]
fn endless_nesting_is_an_error() {
    let deep = "[".repeat(100_000);
    assert_eq!(
        read(deep.as_bytes()).unwrap_err(),
        "1:128: not JSON, recursion limit exceeded"
    );
}

#[test]
fn reads_error_bodies_of_all_kinds() {
    for (body, message) in [
        (r#"{"error":{"message":"a"}}"#, Some("a")),
        (r#"{"error":"b"}"#, Some("b")),
        (r#"{"message":"c"}"#, Some("c")),
        (r#"{"error":{"code":5}}"#, None),
        (r#"{"error":null,"message":"d"}"#, Some("d")),
        (r#"{"error":{"message":["e"]}}"#, None),
        ("3", None),
    ] {
        let tree = json::parse(body.as_bytes()).unwrap();
        assert_eq!(error_message(Node::root(&tree)), message, "{body}");
    }
}

#[test]
fn reads_the_first_of_several_choices() {
    let two = br#"{"choices":[{"message":{"content":"a"}},{"message":3}]}"#;
    assert_eq!(
        read(two).unwrap().choice.unwrap().message.content.as_deref(),
        Some("a")
    );
    assert_eq!(read(br#"{"choices":[]}"#).unwrap().choice, None);
    let wrong = br#"{"choices":[{"message":3},{"message":{"content":"a"}}]}"#;
    assert_eq!(
        read(wrong).unwrap().choice.unwrap().message.content,
        None,
        "a message of another kind says nothing"
    );
}

#[test]
fn usage_survives_writing_and_reading() {
    let usage = Usage {
        prompt_tokens: 9,
        completion_tokens: 2,
        total_tokens: 11,
    };
    let mut writer = Writer::default();
    write_usage(&mut writer, &usage);
    let bytes = writer.into_bytes();
    assert_eq!(
        bytes,
        br#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}"#
    );
    assert_eq!(read_usage(Node::root(&json::parse(&bytes).unwrap())), usage);
}
