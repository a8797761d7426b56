//! Anthropic's documented examples.

use clawft_types::completion::error_message;
use clawft_types::json::{self, Node};
use clawft_types::{Message, MessagesRequest, MessagesResponse, Role, Temperature, Usage};
use serde_json::{Value, json};

fn read(bytes: &[u8]) -> Result<MessagesResponse, String> {
    let tree = json::parse(bytes).map_err(|error| error.to_string())?;
    MessagesResponse::read(Node::root(&tree)).map_err(|error| error.to_string())
}

fn written(request: &MessagesRequest<'_>) -> Value {
    serde_json::from_slice(&request.to_json().unwrap()).unwrap()
}

const PLAIN: MessagesRequest<'_> = MessagesRequest {
    model: "claude-opus-4-20250514",
    max_tokens: 1024,
    system: None,
    messages: &[],
    temperature: None,
    stream: false,
};

#[test]
fn writes_the_documented_request() {
    let messages = [Message::new(Role::User, "Hello, Claude")];
    let documented: Value =
        serde_json::from_slice(include_bytes!("fixtures/anthropic-request.json")).unwrap();
    assert_eq!(
        written(&MessagesRequest {
            messages: &messages,
            ..PLAIN
        }),
        documented
    );
}

#[test]
fn writes_every_field() {
    let request = MessagesRequest {
        system: Some("Be brief."),
        temperature: Temperature::new(0.5),
        stream: true,
        ..PLAIN
    };
    let all = json!({"model": "claude-opus-4-20250514", "max_tokens": 1024, "system": "Be brief.", "messages": [],
        "temperature": 0.5, "stream": true});
    assert_eq!(written(&request), all);
}

#[test]
fn system_messages_join_the_system_prompt() {
    let messages = [
        Message::new(Role::System, "Rhyme."),
        Message::new(Role::User, "Hello"),
    ];
    let spoken = json!([{"role": "user", "content": "Hello"}]);
    for (system, joined) in [(Some("Be brief."), "Be brief.\n\nRhyme."), (None, "Rhyme.")] {
        let request = written(&MessagesRequest {
            system,
            messages: &messages,
            ..PLAIN
        });
        assert_eq!(
            (&request["system"], &request["messages"]),
            (&json!(joined), &spoken)
        );
    }
}

#[test]
fn reads_the_documented_answers() {
    assert_eq!(
        read(include_bytes!("fixtures/anthropic-message.json")).unwrap(),
        MessagesResponse {
            text: "Hello!".to_owned(),
            stop_reason: Some("end_turn".to_owned()),
            usage: Some(Usage {
                prompt_tokens: 12,
                completion_tokens: 6,
                total_tokens: 18
            }),
        }
    );
    let response = read(include_bytes!("fixtures/anthropic-tool-use.json")).unwrap();
    assert_eq!(
        response.text,
        "I'll check the current weather in San Francisco for you."
    );
    assert_eq!(response.stop_reason.as_deref(), Some("tool_use"));
}

#[test]
fn reads_the_documented_errors() {
    for (body, message) in [
        (
            &include_bytes!("fixtures/anthropic-not-found.json")[..],
            "The requested resource could not be found.",
        ),
        (
            include_bytes!("fixtures/anthropic-invalid-key.json"),
            "invalid x-api-key",
        ),
    ] {
        let tree = json::parse(body).unwrap();
        assert_eq!(error_message(Node::root(&tree)), Some(message));
    }
}

#[test]
fn wrong_shape_names_the_field() {
    for (body, error) in [
        ("{}", "content: missing"),
        ("3", "expected an object, found a number"),
        (r#"{"content":3}"#, "content: expected a string, found a number"),
        (
            r#"{"content":[{"type":"text"},{"type":"text","text":{}}]}"#,
            "content.1.text: expected a string, found an object",
        ),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err(), error, "{body}");
    }
    let odd = read(br#"{"content":[],"stop_reason":3,"usage":[]}"#).unwrap();
    assert_eq!(
        (odd.text.as_str(), odd.stop_reason, odd.usage),
        ("", None, Some(Usage::default()))
    );
}
