//! Anthropic's documented examples.

use clawft_types::{Message, MessagesRequest, Reasoning, Role, Secret, Temperature};
use serde_json::{Value, json};

fn written(request: &MessagesRequest<'_>) -> Value {
    serde_json::from_slice(&request.to_json().unwrap()).unwrap()
}

const PLAIN: MessagesRequest<'_> = MessagesRequest {
    model: "claude-opus-4-20250514",
    max_tokens: 1024,
    max_tokens_field: "max_tokens",
    system: None,
    messages: [&[], &[]],
    tools: &[],
    temperature: None,
    stream: false,
    extra: &Secret::empty(),
};

#[test]
fn writes_the_documented_request() {
    let messages = [Message::new(Role::User, "Hello, Claude")];
    let documented: Value =
        serde_json::from_slice(include_bytes!("fixtures/anthropic-request.json")).unwrap();
    assert_eq!(
        written(&MessagesRequest {
            messages: [&messages, &[]],
            ..PLAIN
        }),
        documented
    );
}

#[test]
fn writes_every_field_of_request() {
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
            messages: [&messages, &[]],
            ..PLAIN
        });
        assert_eq!(
            (&request["system"], &request["messages"]),
            (&json!(joined), &spoken)
        );
    }
}

#[test]
fn sends_back_the_providers_reasoning() {
    let block = |text: &str, signature: &str, redacted| Reasoning {
        text: text.to_owned(),
        signature: signature.to_owned(),
        redacted,
    };
    let answer = Message {
        reasoning: vec![
            block("hm", "c2ln", false),
            block("", "ZGF0YQ==", true),
            block("of another provider", "", false),
        ],
        ..Message::new(Role::Assistant, "Hi!")
    };
    let unsigned = Message {
        reasoning: vec![block("hm", "", false)],
        ..Message::new(Role::Assistant, "Hi!")
    };
    let empty = Message::new(Role::Assistant, "");
    let messages = [answer, unsigned, empty];
    let request = written(&MessagesRequest {
        messages: [&messages, &[]],
        ..PLAIN
    });
    assert_eq!(
        request["messages"],
        json!([
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "ZGF0YQ=="},
                {"type": "text", "text": "Hi!"},
            ]},
            {"role": "assistant", "content": "Hi!"},
        ])
    );
}
