//! Complete answers from one dialect to another.

use clawft_api::{Answer, Context, Dialect};
use serde_json::{Value, json};

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;

fn translate(from: Dialect, to: Dialect, body: &Value) -> (Value, Vec<String>) {
    let answer = Answer::read(from, body.to_string().as_bytes()).unwrap();
    let context = Context::new(17);
    let written = answer.write(to, &context).unwrap();
    let warnings = written.warnings.iter().map(ToString::to_string).collect();
    (serde_json::from_slice(&written.body).unwrap(), warnings)
}

fn chat(message: Value, finish: &str) -> Value {
    json!({
        "id": "a1", "object": "chat.completion", "created": 17, "model": "m",
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28,
            "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    })
}

fn messages(content: Value, stop_reason: &str) -> Value {
    json!({
        "id": "a1", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": stop_reason, "stop_sequence": null,
        "usage": {
            "input_tokens": 12, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3, "output_tokens": 8,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    })
}

#[track_caller]
fn assert_both_ways(chat: Value, messages: Value) {
    assert_eq!(
        translate(CHAT, MESSAGES, &chat),
        (messages.clone(), vec![]),
        "to Anthropic"
    );
    assert_eq!(translate(MESSAGES, CHAT, &messages), (chat, vec![]), "to chat");
}

#[test]
fn translates_finish_reasons_both_ways() {
    for (finish, stop_reason) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
    ] {
        assert_both_ways(
            chat(
                json!({"role": "assistant", "content": "Hi", "refusal": null}),
                finish,
            ),
            messages(json!([{"type": "text", "text": "Hi"}]), stop_reason),
        );
    }
}

#[test]
fn translates_calls_and_reasoning_both_ways() {
    assert_both_ways(
        chat(
            json!({
                "role": "assistant", "content": "Let me see.", "refusal": null, "reasoning_content": "Hm.",
                "thinking_blocks": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                    {"type": "redacted_thinking", "data": "r"},
                ],
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": r#"{"a":2,"b":1}"#}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ],
            }),
            "tool_calls",
        ),
        messages(
            json!([
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "redacted_thinking", "data": "r"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"b": 1, "a": 2}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
            ]),
            "tool_use",
        ),
    );
}

#[test]
fn translates_empty_answers_both_ways() {
    assert_both_ways(
        chat(
            json!({"role": "assistant", "content": null, "refusal": null}),
            "stop",
        ),
        messages(json!([]), "end_turn"),
    );
}

#[test]
fn reports_calls_and_refusals_that_finish_with_stop() {
    let call = json!({"role": "assistant", "content": "", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}},
    ]});
    assert_eq!(
        translate(CHAT, MESSAGES, &chat(call, "stop")).0["stop_reason"],
        "tool_use"
    );
    let refusal = json!({"role": "assistant", "content": null, "refusal": "No."});
    let body = translate(CHAT, MESSAGES, &chat(refusal, "stop")).0;
    assert_eq!(body["stop_reason"], "refusal");
    assert_eq!(body["content"], json!([{"type": "text", "text": "No."}]));
}

#[test]
fn keeps_the_stop_sequence() {
    let mut body = chat(json!({"role": "assistant", "content": "Hi"}), "stop");
    body["choices"][0]["stop_reason"] = json!("END");
    let body = translate(CHAT, MESSAGES, &body).0;
    assert_eq!(
        (&body["stop_reason"], &body["stop_sequence"]),
        (&json!("stop_sequence"), &json!("END"))
    );
}

#[test]
fn reads_reasoning_by_each_name() {
    for message in [
        json!({"reasoning_content": "Hm."}),
        json!({"reasoning": "Hm."}),
        json!({"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}),
        json!({"thinking_blocks": [{"type": "thinking", "thinking": "Hm."}]}),
    ] {
        let body = translate(CHAT, MESSAGES, &chat(message, "stop")).0;
        assert_eq!(
            body["content"],
            json!([{"type": "thinking", "thinking": "Hm.", "signature": ""}])
        );
    }
}

#[test]
fn warns_of_members_without_counterpart() {
    let mut body = chat(
        json!({"role": "assistant", "content": "Hi", "annotations": [{"x": 1}]}),
        "stop",
    );
    body["choices"][0]["logprobs"] = json!({"content": []});
    body["choices"].as_array_mut().unwrap().push(json!({"index": 1}));
    body["new"] = json!(1);
    let fields: Vec<String> = translate(CHAT, MESSAGES, &body)
        .1
        .iter()
        .map(|warning| warning.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        fields,
        [
            "choices.0.logprobs",
            "choices.0.message.annotations",
            "choices.1",
            "new"
        ]
    );
}

#[test]
fn replaces_identifier_and_model() {
    let answer = Answer::read(MESSAGES, messages(json!([]), "end_turn").to_string().as_bytes()).unwrap();
    let mut context = Context::new(17);
    context.id = Some("mine".into());
    context.model = Some("alias".into());
    for dialect in [CHAT, MESSAGES] {
        let body = answer.write(dialect, &context).unwrap().body;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["id"], &body["model"]), (&json!("mine"), &json!("alias")));
    }
}

#[test]
fn refuses_bodies_that_are_no_answers() {
    for dialect in [CHAT, MESSAGES] {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"error":{"message":"x"}}"#,
            r#"{"choices":1,"content":1}"#,
        ] {
            assert!(Answer::read(dialect, body.as_bytes()).is_err(), "{body}");
        }
    }
}
