//! The complete answer that a client puts together from a stream, as the providers' libraries do.

use serde_json::{Value, json};

/// Returns the data of all events but `[DONE]`. Checks that an event's name is the type in its data.
pub(crate) fn events(stream: &str) -> Vec<Value> {
    let events = stream.split_terminator("\n\n").map(|event| {
        let (name, data) = match event.strip_prefix("event: ") {
            Some(rest) => rest.split_once('\n').unwrap(),
            None => ("", event),
        };
        (name, data.strip_prefix("data: ").unwrap())
    });
    let events = events.filter(|(_, data)| *data != "[DONE]").map(|(name, data)| {
        let data: Value = serde_json::from_str(data).unwrap();
        assert!(name.is_empty() || data["type"] == name, "{name} {data}");
        data
    });
    events.collect()
}

/// Appends the strings of `more` to those of `target`.
fn append(target: &mut Value, more: &Value) {
    let text = [target.as_str().unwrap_or_default(), more.as_str().unwrap()].concat();
    *target = json!(text);
}

/// Returns the message of an Anthropic stream.
pub(crate) fn messages(stream: &str) -> Value {
    let mut message = Value::Null;
    let mut inputs: Vec<String> = Vec::new();
    for event in events(stream) {
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(event["index"], inputs.len());
                inputs.push(String::new());
                message["content"]
                    .as_array_mut()
                    .unwrap()
                    .push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let index = event["index"].as_u64().unwrap() as usize;
                assert_eq!(index + 1, inputs.len(), "a delta of a block that is not the last");
                let block = &mut message["content"][index];
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => append(&mut block["text"], &delta["text"]),
                    "thinking_delta" => append(&mut block["thinking"], &delta["thinking"]),
                    "signature_delta" => block["signature"] = delta["signature"].clone(),
                    _ => inputs[index].push_str(delta["partial_json"].as_str().unwrap()),
                }
            }
            "content_block_stop" => {
                let index = event["index"].as_u64().unwrap() as usize;
                if !inputs[index].is_empty() {
                    message["content"][index]["input"] = serde_json::from_str(&inputs[index]).unwrap();
                }
            }
            "message_delta" => {
                for key in ["stop_reason", "stop_sequence"] {
                    message[key] = event["delta"][key].clone();
                }
                let usage = event["usage"].as_object().unwrap().clone();
                message["usage"].as_object_mut().unwrap().extend(usage);
            }
            "message_stop" => return message,
            other => panic!("{other}"),
        }
    }
    panic!("the stream has no end")
}

/// Returns the completion of a stream of chat chunks.
pub(crate) fn chat(stream: &str) -> Value {
    assert!(stream.ends_with("data: [DONE]\n\n"), "{stream}");
    let mut message = json!({"role": "assistant", "content": null, "refusal": null});
    let mut body = json!({"object": "chat.completion"});
    let mut finish = Value::Null;
    for chunk in events(stream) {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        for key in ["id", "model", "created", "usage"] {
            body[key] = chunk[key].clone();
        }
        let Some(choice) = chunk["choices"].get(0) else {
            continue;
        };
        if choice["finish_reason"] != Value::Null {
            finish = choice["finish_reason"].clone();
        }
        for (key, value) in choice["delta"].as_object().unwrap() {
            match key.as_str() {
                "role" => {}
                "tool_calls" => add_call(&mut message, &value[0]),
                "thinking_blocks" => {
                    let mut block = value[0].clone();
                    block.as_object_mut().unwrap().remove("index");
                    let blocks = message.as_object_mut().unwrap().entry(key).or_insert(json!([]));
                    blocks.as_array_mut().unwrap().push(block);
                }
                _ => append(&mut message[key], value),
            }
        }
    }
    body["choices"] = json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}]);
    without_empty_content(body)
}

fn add_call(message: &mut Value, delta: &Value) {
    let calls = message
        .as_object_mut()
        .unwrap()
        .entry("tool_calls")
        .or_insert(json!([]));
    let calls = calls.as_array_mut().unwrap();
    let index = delta["index"].as_u64().unwrap() as usize;
    if index == calls.len() {
        let mut call = delta.clone();
        call.as_object_mut().unwrap().remove("index");
        calls.push(call);
        return;
    }
    let kind = calls[index]["type"].as_str().unwrap().to_owned();
    let input = if kind == "custom" { "input" } else { "arguments" };
    append(&mut calls[index][&kind][input], &delta[&kind][input]);
}

/// Returns a completion in which an empty content is `null`, because a stream does not tell them apart.
pub(crate) fn without_empty_content(mut body: Value) -> Value {
    let content = &mut body["choices"][0]["message"]["content"];
    if content == "" {
        *content = Value::Null;
    }
    body
}

/// Returns the response at the end of a stream. Checks that the events before it add up to its output, and that they
/// are numbered.
pub(crate) fn responses(stream: &str) -> Value {
    let mut output: Vec<Value> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    let events = events(stream);
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
        let index = event["output_index"].as_u64().map(|index| index as usize);
        if let Some(index) = index.filter(|_| event["type"] != "response.output_item.added") {
            assert_eq!(index + 1, output.len(), "{event}");
            let item = event.pointer("/item/id").or(event.get("item_id")).unwrap();
            assert_eq!(&output[index]["id"], item, "{event}");
        }
        match event["type"].as_str().unwrap() {
            "response.output_item.added" => {
                assert_eq!(index, Some(output.len()));
                output.push(event["item"].clone());
                texts.clear();
            }
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                texts.push(String::new())
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                texts.resize(1, String::new());
                texts[0].push_str(event["delta"].as_str().unwrap());
            }
            "response.output_text.delta"
            | "response.refusal.delta"
            | "response.reasoning_summary_text.delta" => {
                texts
                    .last_mut()
                    .unwrap()
                    .push_str(event["delta"].as_str().unwrap());
            }
            "response.output_item.done" => {
                let item = &event["item"];
                let whole = match item["type"].as_str().unwrap() {
                    "message" => &item["content"],
                    "reasoning" => &item["summary"],
                    _ => item,
                };
                let parts = whole.as_array().cloned().unwrap_or_else(|| vec![whole.clone()]);
                let keys = ["text", "refusal", "arguments", "input"];
                let text = |part: &Value| {
                    keys.iter()
                        .find_map(|key| Some(part.get(key)?.as_str()?.to_owned()))
                };
                let parts: Vec<String> = parts.iter().filter_map(text).collect();
                assert_eq!(parts.concat(), texts.concat(), "{event}");
                *output.last_mut().unwrap() = item.clone();
            }
            _ => {}
        }
    }
    let last = events.last().unwrap();
    let response = last["response"].clone();
    assert_eq!(
        last["type"],
        format!("response.{}", response["status"].as_str().unwrap())
    );
    assert_eq!(response["output"], json!(output));
    response
}
