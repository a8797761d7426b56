//! A complete answer as a stream of its own dialect, and a stream as a complete answer.

mod support;

use clawft_api::{Answer, Collector, Context, Dialect, Stream, whole_as_events};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{fold, parts::parts};

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

/// Returns the complete answer of a stream.
fn collected(dialect: Dialect, stream: &str, size: usize) -> Result<Value, String> {
    let mut collector = Collector::new(dialect);
    stream.as_bytes().chunks(size).all(|part| !collector.feed(part));
    let body = collector.finish(17).map_err(|error| error.message)?;
    Ok(serde_json::from_slice(&body).unwrap())
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
fn completion_of_text_is_a_chunk_too() {
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

/// Returns the stream of these events.
fn stream_of(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

#[test]
fn collects_every_member_of_a_chat_completion() {
    let token = |token: &str| json!({"content": [{"token": token, "logprob": -0.5}], "refusal": null});
    let chunk = |index: u64, delta: Value, logprobs: Value, finish: Value| {
        json!({"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "fp",
            "x_unknown": [1], "usage": null, "choices": [
                {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish, "x_choice": 1}]})
    };
    let call = |index: u64, id: &str, input: &str| {
        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
            "function": {"name": "f", "arguments": input}, "x_call": "s"}]})
    };
    let none = || json!(null);
    let stream = stream_of(&[
        chunk(
            0,
            json!({"role": "assistant", "content": "", "x_delta": "p"}),
            none(),
            none(),
        ),
        chunk(1, json!({"role": "assistant", "content": ""}), none(), none()),
        chunk(
            0,
            json!({"content": "Hel", "reasoning_content": "h"}),
            token("Hel"),
            none(),
        ),
        chunk(1, call(0, "c1", "{"), none(), none()),
        chunk(
            0,
            json!({"content": "lo", "reasoning_content": "m", "x_delta": "q"}),
            token("lo"),
            none(),
        ),
        chunk(1, call(1, "c2", "{}"), none(), none()),
        chunk(1, call(0, "c1", "}"), none(), none()),
        chunk(
            0,
            json!({"annotations": [{"type": "url_citation"}], "audio": {"id": "x", "data": "AA"}}),
            none(),
            none(),
        ),
        chunk(
            0,
            json!({"annotations": [{"type": "other"}], "audio": {"data": "BB"}}),
            none(),
            json!("length"),
        ),
        chunk(1, json!({}), none(), json!("stop")),
        json!({"id": "a", "choices": [], "usage": {"prompt_tokens": 3, "x_detail": {"y": 1}}}),
    ]) + "data: [DONE]\n\n";
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}, "x_call": "ss"});
    let mut second = call("c2");
    second["x_call"] = json!("s");
    let expected = json!({
        "id": "a", "object": "chat.completion", "created": 1, "model": "m", "system_fingerprint": "fp",
        "x_unknown": [1], "usage": {"prompt_tokens": 3, "x_detail": {"y": 1}},
        "choices": [
            {"index": 0, "finish_reason": "length", "x_choice": 1,
                "logprobs": {"content": [{"token": "Hel", "logprob": -0.5}, {"token": "lo", "logprob": -0.5}]},
                "message": {"role": "assistant", "content": "Hello", "refusal": null, "reasoning_content": "hm",
                    "x_delta": "pq", "annotations": [{"type": "url_citation"}, {"type": "other"}],
                    "audio": {"id": "x", "data": "AABB"}}},
            {"index": 1, "finish_reason": "tool_calls", "x_choice": 1, "logprobs": null,
                "message": {"role": "assistant", "content": null, "refusal": null, "tool_calls": [call("c1"), second]}},
        ],
    });
    for size in [1, 7, 100_000] {
        assert_eq!(collected(CHAT, &stream, size).unwrap(), expected);
    }
    let cut = stream.replace("\"finish_reason\":\"stop\"", "\"finish_reason\":null");
    assert_eq!(
        collected(CHAT, &cut, 50).unwrap_err(),
        "the provider's stream broke off"
    );
}

#[test]
fn collects_completions_of_texts() {
    let chunk = |index: u64, text: &str, at: u64, finish: Value| {
        json!({"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": index,
            "text": text, "finish_reason": finish, "logprobs": {"tokens": [text], "text_offset": [at]}}]})
    };
    let stream = stream_of(&[
        chunk(0, "one", 0, json!(null)),
        chunk(1, "", 0, json!("length")),
        chunk(0, " two", 3, json!("stop")),
        json!({"id": "c", "object": "text_completion", "choices": [], "usage": {"total_tokens": 3}}),
    ]);
    let expected = json!({
        "id": "c", "object": "text_completion", "created": 1, "model": "m", "usage": {"total_tokens": 3},
        "choices": [
            {"index": 0, "text": "one two", "finish_reason": "stop",
                "logprobs": {"tokens": ["one", " two"], "text_offset": [0, 3]}},
            {"index": 1, "text": "", "finish_reason": "length", "logprobs": {"tokens": [""], "text_offset": [0]}},
        ],
    });
    assert_eq!(collected(CHAT, &stream, 9).unwrap(), expected);
}

#[test]
fn collects_every_member_of_a_message() {
    let body = json!({
        "id": "m1", "type": "message", "role": "assistant", "model": "m", "container": {"id": "x"},
        "content": [
            {"type": "text", "text": "a", "citations": [{"type": "char_location", "cited_text": "q"}]},
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "t", "content": [{"url": "u"}]},
            {"type": "tool_use", "id": "u", "name": "f", "input": {}},
        ],
        "stop_reason": "tool_use", "stop_sequence": null, "context_management": {"applied_edits": []},
        "usage": {"input_tokens": 1, "output_tokens": 2, "server_tool_use": {"web_search_requests": 1}},
    });
    let block = |index: u64, block: Value, deltas: &[Value]| {
        let delta = |delta: &Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
        let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
        events.extend(deltas.iter().map(delta));
        events.push(json!({"type": "content_block_stop", "index": index}));
        stream_of(&events)
    };
    let start = json!({"type": "message_start", "message": {"id": "m1", "type": "message", "role": "assistant",
        "model": "m", "content": [], "stop_reason": null, "stop_sequence": null, "container": {"id": "x"},
        "usage": {"input_tokens": 1, "output_tokens": 1}}});
    let citation =
        json!({"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "q"}});
    let stream = [
        stream_of(&[start, json!({"type": "ping"})]),
        block(
            0,
            json!({"type": "text", "text": "", "citations": null}),
            &[json!({"type": "text_delta", "text": "a"}), citation],
        ),
        block(
            1,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            &[
                json!({"type": "thinking_delta", "thinking": "hm"}),
                json!({"type": "signature_delta", "signature": "s"}),
            ],
        ),
        block(
            2,
            json!({"type": "server_tool_use", "id": "t", "name": "web_search", "input": {}}),
            &[
                json!({"type": "input_json_delta", "partial_json": "{\"query\""}),
                json!({"type": "input_json_delta", "partial_json": ":\"q\"}"}),
            ],
        ),
        block(3, body["content"][3].clone(), &[]),
        block(
            4,
            body["content"][4].clone(),
            &[json!({"type": "input_json_delta", "partial_json": ""})],
        ),
        stream_of(&[
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null},
                "context_management": {"applied_edits": []},
                "usage": {"output_tokens": 2, "server_tool_use": {"web_search_requests": 1}}}),
            json!({"type": "message_stop"}),
        ]),
    ];
    assert_eq!(collected(MESSAGES, &stream.concat(), 11).unwrap(), body);
}

#[test]
fn collects_the_response_in_the_last_event() {
    let response = json!({"id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed",
        "x_unknown": 1, "output": [{"type": "x_item", "id": "i"}], "usage": {"input_tokens": 1, "output_tokens": 2}});
    let stream = stream_of(&[
        json!({"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}),
        json!({"type": "response.completed", "response": response}),
    ]);
    assert_eq!(collected(RESPONSES, &stream, 9).unwrap(), response);
}

#[test]
fn answers_of_any_size_become_streams() {
    let long = "x".repeat(3 << 20);
    let chat = json!({"choices": [{"index": 0, "message": {"content": long}, "finish_reason": "stop"}]});
    let messages = json!({"content": [{"type": "text", "text": long}], "stop_reason": "end_turn"});
    let responses = json!({"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": long}]}],
        "status": "completed"});
    for (from, body) in [(CHAT, chat), (MESSAGES, messages), (RESPONSES, responses)] {
        let events = events(from, &body, true);
        assert!(events.len() > long.len(), "{from}: {}", events.len());
        for to in [CHAT, MESSAGES, RESPONSES] {
            let mut stream = Stream::new(from, to, Context::new(17));
            let length = stream.feed(events.as_bytes()).len();
            assert!(
                length > long.len() && stream.is_over(),
                "{from} to {to}: {length}"
            );
        }
        let collected = collected(from, &events, 1 << 20).unwrap();
        assert!(collected.to_string().contains(&long), "{from}");
    }
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
        let chat = parts.chat();
        let messages = parts.messages();
        let responses = parts.responses();
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
            let collected = collected(from, &stream, size).unwrap();
            let answer = Answer::read(from, collected.to_string().as_bytes()).unwrap();
            let expected = Answer::read(from, body.to_string().as_bytes()).unwrap();
            for to in [CHAT, MESSAGES, RESPONSES] {
                prop_assert_eq!(written(&answer, to), written(&expected, to), "{}", stream);
            }
        }
    }
}
