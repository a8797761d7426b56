//! A complete answer as a stream of its own dialect, and a stream as a complete answer.

mod support;

use clawft_api::{Answer, Collector, Context, Dialect, Stream, whole_as_events};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::fold;
use support::parts::parts;

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;
const RESPONSES: Dialect = Dialect::Responses;

fn events(dialect: Dialect, body: &Value, include_usage: bool) -> String {
    let events = whole_as_events(dialect, body.to_string().as_bytes(), include_usage).unwrap();
    String::from_utf8(events).unwrap()
}

/// Returns the answer that `to`'s clients make of the complete answer's events.
fn translated(from: Dialect, to: Dialect, body: &Value) -> Value {
    let mut stream = Stream::new(from, to, Context::new(17));
    let mut out = stream.feed(events(from, body, true).as_bytes());
    out.extend(stream.end());
    let out = String::from_utf8(out).unwrap();
    match to {
        Dialect::Messages => fold::messages(&out),
        _ => fold::responses(&out),
    }
}

fn written(answer: &Answer, to: Dialect) -> Value {
    serde_json::from_slice(&answer.write(to, &Context::new(17)).unwrap().body).unwrap()
}

fn collected(dialect: Dialect, stream: &str, size: usize) -> Result<Answer, String> {
    let mut collector = Collector::new(dialect);
    stream.as_bytes().chunks(size).all(|part| !collector.feed(part));
    collector.finish().map_err(|error| error.message)
}

#[test]
fn chunk_keeps_every_member() {
    let body = json!({
        "id": "a", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": "fp",
        "x_unknown": {"y": [1.50]},
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": null, "reasoning_content": "hm",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
                ]}, "logprobs": {"content": []}, "finish_reason": "tool_calls"},
            {"index": 1, "message": {"role": "assistant", "content": "two"}},
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    });
    let chunks = fold::events(&events(CHAT, &body, true));
    let [first, last] = &chunks[..] else {
        panic!("{chunks:?}")
    };
    let mut expected = body.clone();
    expected["object"] = json!("chat.completion.chunk");
    expected["usage"] = json!(null);
    for (at, choice) in expected["choices"].as_array_mut().unwrap().iter_mut().enumerate() {
        let mut message = choice.as_object_mut().unwrap().remove("message").unwrap();
        if at == 0 {
            message["tool_calls"][0]["index"] = json!(0);
            message["tool_calls"][1]["index"] = json!(1);
        } else {
            choice["finish_reason"] = json!("stop");
        }
        choice["delta"] = message;
    }
    assert_eq!(first, &expected);
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &body["usage"]));
    expected["usage"] = body["usage"].clone();
    assert_eq!(fold::events(&events(CHAT, &body, false)), [expected]);
}

#[test]
fn completion_of_a_text_is_a_chunk_as_well() {
    let choice = json!({"index": 0, "text": "hi", "finish_reason": "length"});
    let body = json!({"object": "text_completion", "choices": [choice], "usage": null});
    assert_eq!(fold::events(&events(CHAT, &body, false)), [body]);
}

#[test]
fn message_keeps_blocks_of_the_providers_tools() {
    let body = json!({
        "id": "m1", "type": "message", "role": "assistant", "model": "m", "container": {"id": "x"},
        "content": [
            {"type": "text", "text": "a", "citations": [{"type": "char_location"}]},
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "t", "content": []},
        ],
        "stop_reason": "end_turn", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 2, "z": 3},
    });
    assert_eq!(fold::messages(&events(MESSAGES, &body, false)), body);
}

#[test]
fn error_becomes_the_event_of_an_error() {
    let chat = json!({"error": {"message": "No", "type": "rate_limit_error"}});
    let expected = "data: {\"error\":{\"message\":\"No\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":null}}\n\n";
    assert_eq!(events(CHAT, &chat, true), expected);
    let messages = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Full"}});
    assert_eq!(fold::events(&events(MESSAGES, &messages, true)), [messages]);
    let failed =
        json!({"id": "r", "status": "failed", "error": {"code": "x", "message": "No"}, "output": []});
    assert!(events(RESPONSES, &failed, true).contains("event: response.failed\n"));
    for body in ["[]", "", "data: {}"] {
        assert!(whole_as_events(CHAT, body.as_bytes(), true).is_err(), "{body}");
    }
}

#[test]
fn collects_no_answer_of_a_broken_stream() {
    let start = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    for (stream, message) in [
        (start.to_owned(), "the provider's stream broke off"),
        (
            format!("{start}data: {{\"error\":{{\"message\":\"No\"}}}}\n\ndata: [DONE]\n\n"),
            "No",
        ),
        (
            format!("{start}data: {{\n\n"),
            "the provider's stream has an event that is not JSON",
        ),
    ] {
        assert_eq!(collected(CHAT, &stream, 7).unwrap_err(), message);
    }
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}";
    assert!(
        collected(CHAT, &format!("{start}{end}"), 5).is_ok(),
        "the empty line at the end is missing"
    );
}

#[test]
fn translates_stream_whose_last_empty_line_is_missing() {
    let mut stream = Stream::new(CHAT, CHAT, Context::new(17));
    stream.feed(
        b"data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}",
    );
    let last = String::from_utf8(stream.end()).unwrap();
    assert!(last.ends_with("data: [DONE]\n\n"), "{last}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn events_of_complete_answers_add_up_to_them(parts in parts()) {
        let (chat, messages, responses) = (parts.chat(), parts.messages(), parts.responses());
        prop_assert_eq!(&fold::messages(&events(MESSAGES, &messages, true)), &messages);
        for (from, body) in [(CHAT, &chat), (MESSAGES, &messages), (RESPONSES, &responses)] {
            let answer = Answer::read(from, body.to_string().as_bytes()).unwrap();
            for to in [MESSAGES, RESPONSES] {
                prop_assert_eq!(translated(from, to, body), written(&answer, to), "{} {}", from, to);
            }
        }
    }

    #[test]
    fn collected_and_complete_answers_are_equal(parts in parts(), size in 1..40_usize) {
        for (from, body, stream) in [
            (CHAT, parts.chat(), parts.chat_stream()),
            (MESSAGES, parts.messages(), parts.messages_stream()),
            (RESPONSES, parts.responses(), parts.responses_stream()),
        ] {
            let answer = collected(from, &stream, size).unwrap();
            let expected = Answer::read(from, body.to_string().as_bytes()).unwrap();
            for to in [CHAT, MESSAGES, RESPONSES] {
                prop_assert_eq!(written(&answer, to), written(&expected, to), "{}", stream);
            }
        }
    }
}
