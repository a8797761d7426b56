//! The documented request, and the usage in all its forms.

use clawft_types::{
    CompletionRequest, Message, Role, Secret, Temperature, Usage,
    completion::{read_usage, write_usage},
    json::{self, Node, Writer},
};
use serde_json::{Value, json};

#[test]
fn writes_the_documented_request() {
    let system = Message::new(Role::System, "You are a helpful assistant.");
    let user = Message::new(Role::User, "Hello!");
    let mut request = CompletionRequest {
        tools: &[],
        model: "gpt-4.1",
        messages: vec![&system, &user],
        max_tokens: None,
        max_tokens_field: "max_tokens",
        temperature: None,
        stream: false,
        stream_usage: true,
        extra: &Secret::empty(),
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

fn usage(text: &str, known: Usage) -> Usage {
    read_usage(Node::root(&json::parse(text.as_bytes()).unwrap()), known)
}

#[test]
fn usage_survives_writing_and_reading() {
    let plain = Usage {
        prompt_tokens: 9,
        completion_tokens: 2,
        total_tokens: 11,
        ..Usage::default()
    };
    let detailed = Usage {
        cached_tokens: 8,
        reasoning_tokens: 1,
        ..plain
    };
    let details =
        r#","prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":1}}"#;
    for (known, end) in [(plain, "}"), (detailed, details)] {
        let text = [
            r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11"#,
            end,
        ]
        .concat();
        let mut writer = Writer::default();
        write_usage(&mut writer, &known);
        assert_eq!(String::from_utf8(writer.into_bytes()).unwrap(), text);
        assert_eq!(usage(&text, Usage::default()), known);
    }
}

#[test]
fn reads_counts_under_every_name() {
    let counts = |text| {
        let usage = usage(text, Usage::default());
        [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens,
            usage.cached_tokens,
            usage.reasoning_tokens,
        ]
    };
    for (text, expected) in [
        // DeepSeek, Anthropic, Moonshot, servers with the names of the Responses API, and nonsense.
        (
            r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_cache_hit_tokens":4}"#,
            [9, 2, 11, 4, 0],
        ),
        (
            r#"{"input_tokens":9,"output_tokens":2,"cache_read_input_tokens":4,"cache_creation_input_tokens":5}"#,
            [18, 2, 20, 4, 0],
        ),
        (
            r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"cached_tokens":4}"#,
            [9, 2, 11, 4, 0],
        ),
        (
            r#"{"input_tokens":9,"output_tokens":2,"reasoning_tokens":1}"#,
            [9, 2, 11, 0, 1],
        ),
        // Text and fractions.
        (
            r#"{"prompt_tokens":9.0,"completion_tokens":"2"}"#,
            [9, 2, 11, 0, 0],
        ),
        (
            r#"{"prompt_tokens":-1,"completion_tokens":"-2","total_tokens":1e300}"#,
            [0; 5],
        ),
        (r#"{"prompt_tokens_details":null}"#, [0; 5]),
        ("[]", [0; 5]),
    ] {
        assert_eq!(counts(text), expected, "{text}");
    }
    let first = usage(r#"{"input_tokens":9,"output_tokens":1}"#, Usage::default());
    let second = usage(r#"{"output_tokens":7}"#, first);
    assert_eq!(
        (
            second.prompt_tokens,
            second.completion_tokens,
            second.total_tokens
        ),
        (9, 7, 16)
    );
}
