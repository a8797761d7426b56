//! Streamed answers: any split of the bytes gives the same events, and they add up to the complete answer.

mod support;

use clawft_api::{Answer, Context, Dialect, ErrorBody, ErrorKind, Stream};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{
    fold,
    parts::{call, chunks, more, parts},
};

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;
const RESPONSES: Dialect = Dialect::Responses;

fn context() -> Context {
    let mut context = Context::new(17);
    context.include_usage = true;
    context
}

/// Returns the translated stream.
fn translate<'a>(from: Dialect, to: Dialect, parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut stream = Stream::new(from, to, context());
    let mut out = Vec::new();
    for part in parts {
        out.extend(stream.feed(part));
    }
    out.extend(stream.end());
    assert!(stream.is_over());
    String::from_utf8(out).unwrap()
}

fn whole(from: Dialect, to: Dialect, body: &Value) -> Value {
    let answer = Answer::read(from, body.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&answer.write(to, &context()).unwrap().body).unwrap()
}

#[test]
fn translates_chunks_to_anthropic_events() {
    let stream = chunks(
        &[
            json!({"role": "assistant", "content": ""}),
            json!({"reasoning_content": "Hm."}),
            json!({"content": "Hel"}),
            json!({"content": "lo"}),
            call(0, "c1", "f", ""),
            more(0, "{\"a\""),
            more(0, ":1}"),
            call(1, "c2", "g", "{}"),
        ],
        "tool_calls",
    );
    let events: Vec<Value> = fold::events(&translate(CHAT, MESSAGES, [stream.as_bytes()]));
    let kinds: Vec<String> = events
        .iter()
        .map(|event| {
            let detail = event
                .pointer("/delta/text")
                .or(event.pointer("/delta/partial_json"));
            let detail = detail.and_then(Value::as_str).unwrap_or_default();
            [event["type"].as_str().unwrap(), detail]
                .join(" ")
                .trim_end()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta Hel",
            "content_block_delta lo",
            "content_block_stop",
            "content_block_start",
            "content_block_delta {\"a\"",
            "content_block_delta :1}",
            "content_block_stop",
            "content_block_start",
            "content_block_delta {}",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    assert_eq!(
        events[15]["delta"],
        json!({"stop_reason": "tool_use", "stop_sequence": null})
    );
    assert_eq!(events[15]["usage"]["input_tokens"], 9);
}

#[test]
fn puts_interleaved_calls_in_order() {
    let stream = chunks(
        &[
            call(0, "c1", "f", "{\"a\":"),
            call(1, "c2", "g", "{\"b\":"),
            more(0, "\"}{\\\""),
            more(1, "2}"),
            json!({"content": "late"}),
            more(0, "\"}"),
        ],
        "tool_calls",
    );
    let message = fold::messages(&translate(CHAT, MESSAGES, [stream.as_bytes()]));
    assert_eq!(
        message["content"],
        json!([
            {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": "}{\""}},
            {"type": "tool_use", "id": "c2", "name": "g", "input": {"b": 2}},
            {"type": "text", "text": "late"},
        ])
    );
}

#[test]
fn tells_calls_apart_without_proper_indices() {
    for indices in [[json!(0), json!(0)], [json!(null), json!(null)]] {
        let [mut first, mut second] = [call(0, "c1", "f", "{}"), call(0, "c2", "g", "{\"b\":2}")];
        first["tool_calls"][0]["index"] = indices[0].clone();
        second["tool_calls"][0]["index"] = indices[1].clone();
        let stream = chunks(&[first, second], "stop");
        let message = fold::messages(&translate(CHAT, MESSAGES, [stream.as_bytes()]));
        assert_eq!(message["content"].as_array().unwrap().len(), 2);
        assert_eq!(message["content"][1]["input"], json!({"b": 2}));
        assert_eq!(message["stop_reason"], "tool_use");
    }
}

#[test]
fn streams_content_in_parts_as_text_and_reasoning() {
    let thinking =
        |text: &str| json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]});
    let deltas = [
        json!({"role": "assistant", "content": ""}),
        thinking("Hm"),
        thinking("."),
        json!({"content": [{"type": "text", "text": "Hel"}, {"type": "reference", "reference_ids": [1]}]}),
        json!({"content": "lo"}),
    ];
    let stream = chunks(&deltas, "stop");
    let body = json!({"id": "a1", "choices": [{"message": {"content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}, {"type": "text", "text": "."}]},
        {"type": "text", "text": "Hello"},
    ]}, "finish_reason": "stop"}]});
    for to in [CHAT, MESSAGES, RESPONSES] {
        let streamed = translate(CHAT, to, [stream.as_bytes()]);
        for text in ["Hel", "Hm"] {
            assert!(streamed.contains(text), "{text}: {streamed}");
        }
        let written = whole(CHAT, to, &body).to_string();
        assert!(written.contains("Hello") && written.contains("Hm."), "{written}");
    }
    let content = whole(CHAT, MESSAGES, &body)["content"].clone();
    assert_eq!(
        content,
        json!([{"type": "thinking", "thinking": "Hm.", "signature": ""}, {"type": "text", "text": "Hello"}])
    );
}

#[test]
fn input_of_a_call_may_be_an_object() {
    let function = json!({"name": "f", "arguments": {"a": [1, "x"]}});
    let delta = json!({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]});
    let stream = chunks(&[delta], "tool_calls");
    let body = json!({"choices": [{"message": {"tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        "finish_reason": "tool_calls"}]});
    let expected = json!({"a": [1, "x"]});
    assert_eq!(whole(CHAT, MESSAGES, &body)["content"][0]["input"], expected);
    for to in [CHAT, MESSAGES, RESPONSES] {
        let streamed = translate(CHAT, to, [stream.as_bytes()]);
        let quoted = json!(expected.to_string()).to_string();
        assert!(streamed.contains(&quoted), "{streamed}");
    }
    let item =
        json!({"type": "function_call", "id": "fc", "call_id": "c1", "name": "f", "arguments": {"a": 1}});
    let events = [
        json!({"type": "response.output_item.done", "item": item}),
        json!({"type": "response.completed", "response": {"output": []}}),
    ];
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let streamed = translate(RESPONSES, MESSAGES, [stream.as_bytes()]);
    assert!(streamed.contains(r#""partial_json":"{\"a\":1}""#), "{streamed}");
}

#[test]
fn chunk_that_cannot_be_read_is_an_error() {
    for delta in [
        json!({"content": 5}),
        json!({"content": {"text": "x"}}),
        json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": 5}}]}),
    ] {
        let stream = chunks(&[delta], "stop");
        let streamed = translate(CHAT, MESSAGES, [stream.as_bytes()]);
        assert!(streamed.contains("cannot be read"), "{streamed}");
        assert!(!streamed.contains("message_stop"));
    }
}

#[test]
fn errors_of_each_shape_are_reported() {
    for (chunk, message) in [
        (json!({"error": {"message": "busy"}}), "busy"),
        (json!({"error": "busy"}), "busy"),
        (json!({"object": "error", "message": "busy", "code": 400}), "busy"),
        (
            json!({"choices": [{"delta": {}, "finish_reason": "error", "error": {"code": 502, "message": "busy"}}]}),
            "busy",
        ),
        (
            json!({"choices": [{"delta": {}, "finish_reason": "network_error"}]}),
            "network_error",
        ),
    ] {
        let stream = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        let streamed = translate(CHAT, MESSAGES, [stream.as_bytes()]);
        assert!(
            streamed.contains("event: error") && streamed.contains(message),
            "{streamed}"
        );
    }
    let good = json!({"error": {}, "choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]});
    let streamed = translate(CHAT, MESSAGES, [format!("data: {good}\n\n").as_bytes()]);
    assert!(streamed.contains("message_stop"), "{streamed}");
}

#[test]
fn ends_with_error_that_the_provider_reports() {
    let chat = "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n\
        data: {\"error\":{\"message\":\"No\",\"type\":\"rate_limit_error\",\"code\":null}}\n\ndata: [DONE]\n\n";
    let events = fold::events(&translate(CHAT, MESSAGES, [chat.as_bytes()]));
    assert_eq!(
        events.last().unwrap(),
        &json!({"type": "error", "error": {"type": "rate_limit_error", "message": "No"}})
    );
    let messages = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"a\"}}\n\n\
        data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Full\"}}\n\n";
    let events = fold::events(&translate(MESSAGES, CHAT, [messages.as_bytes()]));
    assert_eq!(events.last().unwrap()["error"]["message"], "Full");
    assert!(!translate(MESSAGES, CHAT, [messages.as_bytes()]).contains("[DONE]"));
}

#[test]
fn reports_streams_that_are_broken_or_none() {
    let start = "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    for (stream, message) in [
        (start.to_owned(), "the provider's stream broke off"),
        (String::new(), "the provider's stream broke off"),
        (
            "data: {\n\n".to_owned(),
            "the provider's stream has an event that is not JSON",
        ),
    ] {
        let events = fold::events(&translate(CHAT, MESSAGES, [stream.as_bytes()]));
        assert_eq!(events.last().unwrap()["error"]["message"], message);
    }
}

#[test]
fn gateway_can_abort_once() {
    let mut stream = Stream::new(CHAT, MESSAGES, context());
    let error = ErrorBody::new(ErrorKind::Timeout, "Too slow");
    assert!(
        String::from_utf8(stream.abort(error.clone()))
            .unwrap()
            .contains("Too slow")
    );
    assert!(stream.abort(error).is_empty());
    assert!(stream.feed(b"data: {}\n\n").is_empty());
    assert!(stream.end().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn streamed_and_complete_answers_are_equal(parts in parts()) {
        for (from, body, stream) in [
            (CHAT, parts.chat(), parts.chat_stream()),
            (MESSAGES, parts.messages(), parts.messages_stream()),
            (RESPONSES, parts.responses(), parts.responses_stream()),
        ] {
            let streamed = fold::messages(&translate(from, MESSAGES, [stream.as_bytes()]));
            prop_assert_eq!(streamed, whole(from, MESSAGES, &body), "{}", stream);
            let streamed = fold::chat(&translate(from, CHAT, [stream.as_bytes()]));
            prop_assert_eq!(streamed, fold::without_empty_content(whole(from, CHAT, &body)));
            let streamed = fold::responses(&translate(from, RESPONSES, [stream.as_bytes()]));
            prop_assert_eq!(streamed, whole(from, RESPONSES, &body));
        }
    }

    #[test]
    fn any_split_of_bytes_gives_same_events(parts in parts(), size in 1..40_usize) {
        for (from, stream) in [
            (CHAT, parts.chat_stream()),
            (MESSAGES, parts.messages_stream()),
            (RESPONSES, parts.responses_stream()),
        ] {
            for to in [CHAT, MESSAGES, RESPONSES] {
                let at_once = translate(from, to, [stream.as_bytes()]);
                prop_assert_eq!(translate(from, to, stream.as_bytes().chunks(size)), at_once);
            }
        }
    }

    #[test]
    fn answers_keep_their_meaning_on_the_way_back(parts in parts()) {
        let all = [(CHAT, parts.chat()), (MESSAGES, parts.messages()), (RESPONSES, parts.responses())];
        for (from, body) in &all {
            let answer = whole(*from, *from, body);
            for (to, _) in &all {
                let there = whole(*from, *to, body);
                prop_assert_eq!(&whole(*to, *from, &there), &answer, "{} {} {}", from, to, there);
            }
        }
    }

    #[test]
    fn damaged_streams_end_once_and_in_order(
        parts in parts(),
        cut in 0.0..1.0_f64,
        length in 0..200_usize,
        repeat in 0..3_usize,
    ) {
        for (from, stream) in [
            (CHAT, parts.chat_stream()),
            (MESSAGES, parts.messages_stream()),
            (RESPONSES, parts.responses_stream()),
        ] {
            let mut bytes = stream.into_bytes();
            let start = (bytes.len() as f64 * cut) as usize;
            let end = (start + length).min(bytes.len());
            let part: Vec<u8> = bytes[start..end].repeat(repeat);
            bytes.splice(start..end, part);
            for to in [CHAT, MESSAGES, RESPONSES] {
                let events = fold::events(&translate(from, to, [bytes.as_slice()]));
                let ends = |event: &Value| {
                    let kind = event["type"].as_str().unwrap_or_default();
                    event.get("error").is_some() || matches!(
                        kind,
                        "message_stop" | "error" | "response.completed" | "response.incomplete" | "response.failed"
                    )
                };
                let count = events.iter().filter(|event| ends(event)).count();
                prop_assert!(count == usize::from(to != CHAT) || to == CHAT && count < 2, "{:?}", events);
                let begun = events.iter().filter(|event| event["type"] == "content_block_start").count();
                let ended = events.iter().filter(|event| event["type"] == "content_block_stop").count();
                prop_assert!(begun == ended || begun == ended + 1, "{:?}", events);
            }
        }
    }
}
