//! Random answers in the forms that the providers send.

use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

/// Returns a stream of chat chunks with these deltas.
pub(crate) fn chunks(deltas: &[Value], finish: &str) -> String {
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

pub(crate) fn call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    json!({"tool_calls": [{
        "index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments},
    }]})
}

pub(crate) fn more(index: u64, arguments: &str) -> Value {
    json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})
}

/// An answer in all its parts.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    thought: Option<(String, Option<String>)>,
    text: String,
    calls: Vec<(String, Value)>,
    size: usize,
}

pub(crate) fn parts() -> impl Strategy<Value = Parts> {
    let text = || {
        vec(
            prop_oneof![Just("a"), Just("\"\\\n"), Just("é🦀"), Just("\u{1}")],
            0..8,
        )
    };
    let text = move || text().prop_map(|parts| parts.concat());
    let thought = option::of((
        text().prop_map(|text| text + "x"),
        option::of(Just("s".to_owned())),
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

    pub(crate) fn chat_stream(&self) -> String {
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

    pub(crate) fn chat(&self) -> Value {
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

    pub(crate) fn messages(&self) -> Value {
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

    pub(crate) fn messages_stream(&self) -> String {
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

    pub(crate) fn responses(&self) -> Value {
        let mut output = Vec::new();
        let mut add = |prefix: &str, mut item: Value| {
            item["id"] = json!(format!("{prefix}_a1_{}", output.len()));
            output.push(item);
        };
        if let Some((text, signature)) = &self.thought {
            let mut item = json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]});
            if let Some(signature) = signature {
                item["encrypted_content"] = json!(signature);
            }
            add("rs", item);
        }
        if !self.text.is_empty() {
            let content =
                json!([{"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}]);
            add(
                "msg",
                json!({"type": "message", "role": "assistant", "status": "completed", "content": content}),
            );
        }
        for (index, (name, input)) in self.calls.iter().enumerate() {
            add(
                "fc",
                json!({
                    "type": "function_call", "call_id": format!("c{index}"), "name": name, "status": "completed",
                    "arguments": input.to_string(),
                }),
            );
        }
        json!({
            "id": "a1", "object": "response", "created_at": 17, "status": "completed", "error": null,
            "incomplete_details": null, "model": "m", "output": output,
            "usage": {
                "input_tokens": 9, "output_tokens": 4, "total_tokens": 13,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            },
        })
    }

    pub(crate) fn responses_stream(&self) -> String {
        let whole = self.responses();
        let mut start = whole.clone();
        start["output"] = json!([]);
        start["usage"] = json!(null);
        let mut events = vec![("response.created".to_owned(), json!({"response": start}))];
        for (index, item) in whole["output"].as_array().unwrap().iter().enumerate() {
            let mut empty = item.clone();
            let kind = item["type"].as_str().unwrap();
            let (text, delta, ends) = match kind {
                "reasoning" => {
                    empty["summary"] = json!([]);
                    empty.as_object_mut().unwrap().remove("encrypted_content");
                    let part = json!({"part": item["summary"][0], "summary_index": 0});
                    (
                        &item["summary"][0]["text"],
                        "response.reasoning_summary_text.delta",
                        vec![("response.reasoning_summary_part.done", part)],
                    )
                }
                "message" => {
                    empty["content"] = json!([]);
                    let part = json!({"part": item["content"][0], "content_index": 0});
                    (
                        &item["content"][0]["text"],
                        "response.output_text.delta",
                        vec![("response.content_part.done", part)],
                    )
                }
                _ => {
                    empty["arguments"] = json!("");
                    (
                        &item["arguments"],
                        "response.function_call_arguments.delta",
                        vec![],
                    )
                }
            };
            events.push((
                "response.output_item.added".into(),
                json!({"output_index": index, "item": empty}),
            ));
            // Some servers send no deltas.
            if !self.size.is_multiple_of(3) {
                let deltas = self.split(text.as_str().unwrap());
                events.extend(
                    deltas.map(|text| (delta.to_owned(), json!({"output_index": index, "delta": text}))),
                );
                events.extend(ends.into_iter().map(|(name, data)| (name.to_owned(), data)));
            }
            events.push((
                "response.output_item.done".into(),
                json!({"output_index": index, "item": item}),
            ));
        }
        events.push(("response.completed".into(), json!({"response": whole})));
        let line = |(sequence, (name, mut data)): (usize, (String, Value))| {
            data["type"] = json!(name);
            data["sequence_number"] = json!(sequence);
            format!("event: {name}\ndata: {data}\n\n")
        };
        events.into_iter().enumerate().map(line).collect()
    }
}
