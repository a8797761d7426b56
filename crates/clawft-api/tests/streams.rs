//! Streamed answers: any split of the bytes gives the same events, and they add up to the complete answer.

mod fold;

use clawft_api::{Answer, Context, Dialect, ErrorBody, ErrorKind, Stream};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

const CHAT: Dialect = Dialect::Chat;
const MESSAGES: Dialect = Dialect::Messages;

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

/// Returns a stream of chat chunks with these deltas.
fn chunks(deltas: &[Value], finish: &str) -> String {
    let chunk = |choices: Value, usage: Value| {
        let data = json!({"id": "a1", "model": "m", "created": 17, "choices": choices, "usage": usage});
        format!("data: {data}\n\n")
    };
    let delta = |delta: &Value| {
        chunk(
            json!([{"index": 0, "delta": delta, "finish_reason": null}]),
            json!(null),
        )
    };
    let body: String = deltas.iter().map(delta).collect();
    let end = chunk(
        json!([{"index": 0, "delta": {}, "finish_reason": finish}]),
        json!(null),
    );
    let usage = chunk(
        json!([]),
        json!({"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}),
    );
    [&body, &end, &usage, "data: [DONE]\n\n"].concat()
}

fn call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    json!({"tool_calls": [{
        "index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments},
    }]})
}

fn more(index: u64, arguments: &str) -> Value {
    json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})
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
fn reports_streams_that_break_off_or_are_no_streams() {
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

/// An answer in all its parts.
#[derive(Debug, Clone)]
struct Parts {
    thought: Option<(String, Option<String>)>,
    text: String,
    calls: Vec<(String, Value)>,
    size: usize,
}

fn parts() -> impl Strategy<Value = Parts> {
    let text = || {
        vec(
            prop_oneof![Just("a"), Just("\"\\\n"), Just("é🦀"), Just("\u{1}")],
            0..8,
        )
    };
    let text = move || text().prop_map(|parts| parts.concat());
    let thought = proptest::option::of((
        text().prop_map(|text| text + "x"),
        proptest::option::of(Just("s".to_owned())),
    ));
    let input = vec((0..3_u8, text()), 0..3).prop_map(|pairs| {
        pairs
            .into_iter()
            .map(|(key, text)| (format!("k{key}"), json!(text)))
            .collect()
    });
    let calls = vec(("[fg]{1,2}", input), 0..3);
    (thought, text(), calls, 1..9_usize).prop_map(|(thought, text, calls, size)| Parts {
        thought,
        text,
        calls,
        size,
    })
}

impl Parts {
    fn finish(&self) -> [&str; 2] {
        if self.calls.is_empty() {
            ["stop", "end_turn"]
        } else {
            ["tool_calls", "tool_use"]
        }
    }

    /// Returns the parts of a text.
    fn split<'a>(&self, text: &'a str) -> impl Iterator<Item = String> + 'a {
        let characters: Vec<char> = text.chars().collect();
        let size = self.size;
        let parts: Vec<String> = characters
            .chunks(size)
            .map(|part| part.iter().collect())
            .collect();
        parts.into_iter()
    }

    fn chat_stream(&self) -> String {
        let mut deltas = vec![json!({"role": "assistant", "content": ""})];
        if let Some((text, signature)) = &self.thought {
            deltas.extend(self.split(text).map(|part| json!({"reasoning_content": part})));
            deltas.extend(signature.as_ref().map(|signature| {
                json!({"thinking_blocks": [{"type": "thinking", "thinking": text, "signature": signature}]})
            }));
        }
        deltas.extend(self.split(&self.text).map(|part| json!({"content": part})));
        for (index, (name, input)) in self.calls.iter().enumerate() {
            deltas.push(call(index as u64, &format!("c{index}"), name, ""));
            let input = input.to_string();
            deltas.extend(self.split(&input).map(|part| more(index as u64, &part)));
        }
        chunks(&deltas, self.finish()[0])
    }

    fn chat(&self) -> Value {
        let calls = self.calls.iter().enumerate().map(|(index, (name, input))| {
            json!({"id": format!("c{index}"), "type": "function", "function": {
                "name": name, "arguments": input.to_string(),
            }})
        });
        let mut message =
            json!({"role": "assistant", "content": self.text, "tool_calls": calls.collect::<Vec<_>>()});
        if let Some((text, signature)) = &self.thought {
            message["reasoning_content"] = json!(text);
            if let Some(signature) = signature {
                message["thinking_blocks"] =
                    json!([{"type": "thinking", "thinking": text, "signature": signature}]);
            }
        }
        json!({
            "id": "a1", "model": "m", "created": 17,
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish()[0]}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
        })
    }

    fn messages(&self) -> Value {
        let mut content = Vec::new();
        if let Some((text, signature)) = &self.thought {
            let signature = signature.clone().unwrap_or_default();
            content.push(json!({"type": "thinking", "thinking": text, "signature": signature}));
        }
        if !self.text.is_empty() {
            content.push(json!({"type": "text", "text": self.text}));
        }
        for (index, (name, input)) in self.calls.iter().enumerate() {
            content
                .push(json!({"type": "tool_use", "id": format!("c{index}"), "name": name, "input": input}));
        }
        json!({
            "id": "a1", "type": "message", "role": "assistant", "model": "m", "content": content,
            "stop_reason": self.finish()[1], "stop_sequence": null,
            "usage": {
                "input_tokens": 9, "output_tokens": 4, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            },
        })
    }

    fn messages_stream(&self) -> String {
        let whole = self.messages();
        let mut start = whole.clone();
        start["content"] = json!([]);
        start["usage"]["output_tokens"] = json!(1);
        let mut events = vec![json!({"type": "message_start", "message": start})];
        for (index, block) in whole["content"].as_array().unwrap().iter().enumerate() {
            let mut deltas = Vec::new();
            let mut empty = block.clone();
            match block["type"].as_str().unwrap() {
                "text" => {
                    empty["text"] = json!("");
                    let text = block["text"].as_str().unwrap();
                    deltas.extend(
                        self.split(text)
                            .map(|part| json!({"type": "text_delta", "text": part})),
                    );
                }
                "thinking" => {
                    empty["thinking"] = json!("");
                    empty["signature"] = json!("");
                    let text = block["thinking"].as_str().unwrap();
                    deltas.extend(
                        self.split(text)
                            .map(|part| json!({"type": "thinking_delta", "thinking": part})),
                    );
                    deltas.push(json!({"type": "signature_delta", "signature": block["signature"]}));
                }
                _ => {
                    empty["input"] = json!({});
                    let input = block["input"].to_string();
                    let parts = self.split(&input);
                    deltas
                        .extend(parts.map(|part| json!({"type": "input_json_delta", "partial_json": part})));
                }
            }
            events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
            let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
            events.extend(deltas.into_iter().map(delta));
            events.push(json!({"type": "content_block_stop", "index": index}));
            events.push(json!({"type": "ping"}));
        }
        events.push(json!({
            "type": "message_delta", "usage": {"output_tokens": 4},
            "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": null},
        }));
        events.push(json!({"type": "message_stop"}));
        let line = |event: Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
        events.into_iter().map(line).collect()
    }
}

proptest! {
    #[test]
    fn streamed_and_complete_answers_are_equal(parts in parts()) {
        for (from, body, stream) in [
            (CHAT, parts.chat(), parts.chat_stream()),
            (MESSAGES, parts.messages(), parts.messages_stream()),
        ] {
            let streamed = fold::messages(&translate(from, MESSAGES, [stream.as_bytes()]));
            prop_assert_eq!(streamed, whole(from, MESSAGES, &body));
            let streamed = fold::chat(&translate(from, CHAT, [stream.as_bytes()]));
            prop_assert_eq!(streamed, fold::without_empty_content(whole(from, CHAT, &body)));
        }
    }

    #[test]
    fn any_split_of_the_bytes_gives_the_same_events(parts in parts(), size in 1..40_usize) {
        for (from, to, stream) in [
            (CHAT, MESSAGES, parts.chat_stream()),
            (MESSAGES, CHAT, parts.messages_stream()),
        ] {
            let at_once = translate(from, to, [stream.as_bytes()]);
            prop_assert_eq!(translate(from, to, stream.as_bytes().chunks(size)), at_once);
        }
    }
}
