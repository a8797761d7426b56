//! Answers that call tools, as the user's message asks for.

use std::io;

use serde_json::{Value, json};

use crate::{asked::Asked, dialect::Dialect, event::Event, exchange::Exchange, pieces::pieces, stream};

/// A call: the tool's name, and the arguments as JSON text.
struct Call<'a> {
    id: String,
    name: &'a str,
    arguments: &'a str,
}

/// Answers with the calls in the next line of the user's message, or with the last result.
///
/// A line is `NAME {…}`; several calls at once are separated by `;;`. Without arguments they are empty. After the last
/// line the answer is `done: ` and the result of the last call.
pub(crate) fn answer(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let Some(asked) = exchange.asked()? else {
        return Ok(());
    };
    let body: Value = serde_json::from_slice(&exchange.request.body).unwrap_or_default();
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(id) = unanswered(messages) {
        let body = json!({ "error": { "type": "invalid_request_error", "message": format!("the call {id} has no result") } });
        return exchange.json(400, &[], &body);
    }
    let asking = messages
        .iter()
        .rposition(|message| message["role"] == "user" && message["content"].is_string());
    let after = &messages[asking.map_or(messages.len(), |at| at + 1)..];
    let step = after
        .iter()
        .filter(|message| message["role"] == "assistant")
        .count();
    match asked.text.lines().nth(step) {
        Some(line) => calls(exchange, &asked, &parse(line, step)),
        None => {
            let text = format!("done: {}", last_result(after));
            if exchange.request.wants_stream() {
                return stream::good(exchange, &asked, &pieces(&text));
            }
            let body = exchange.dialect.completion(&asked.model, &text);
            exchange.json(200, &[], &body)
        }
    }
}

fn parse(line: &str, step: usize) -> Vec<Call<'_>> {
    line.split(";;")
        .enumerate()
        .map(|(number, text)| {
            let text = text.trim();
            let (name, arguments) = text.split_once(' ').unwrap_or((text, "{}"));
            Call {
                id: format!("call_{step}_{number}"),
                name,
                arguments,
            }
        })
        .collect()
}

/// Returns a call without a result, which a real provider refuses.
fn unanswered(messages: &[Value]) -> Option<String> {
    let results: Vec<&Value> = messages
        .iter()
        .flat_map(|message| {
            let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
            blocks
                .iter()
                .map(|block| &block["tool_use_id"])
                .chain([&message["tool_call_id"]])
        })
        .collect();
    let calls = messages.iter().flat_map(|message| {
        let list = |name: &str| message[name].as_array().map_or(&[][..], Vec::as_slice);
        let used = list("content").iter().filter(|block| block["type"] == "tool_use");
        used.chain(list("tool_calls")).map(|call| &call["id"])
    });
    let mut missing = calls.filter(|id| !results.contains(id));
    missing.next().map(|id| id.to_string())
}

fn last_result(messages: &[Value]) -> String {
    let text = |content: &Value| {
        content
            .as_str()
            .map_or_else(|| content.to_string(), ToOwned::to_owned)
    };
    let Some(last) = messages.last() else {
        return String::new();
    };
    match last["content"].as_array().and_then(|blocks| blocks.last()) {
        Some(block) => text(&block["content"]),
        None => text(&last["content"]),
    }
}

/// Sends an answer that consists of `calls`.
fn calls(exchange: &mut Exchange<'_>, asked: &Asked, calls: &[Call<'_>]) -> io::Result<()> {
    if exchange.request.wants_stream() {
        let events = match exchange.dialect {
            Dialect::OpenAi => openai_events(calls),
            Dialect::Anthropic => anthropic_events(calls),
        };
        return stream::send(exchange, &events);
    }
    let mut body = exchange.dialect.completion(&asked.model, "");
    match exchange.dialect {
        Dialect::OpenAi => {
            let list: Vec<Value> = calls.iter().map(|call| function(call, call.arguments)).collect();
            body["choices"][0]["message"]["content"] = Value::Null;
            body["choices"][0]["message"]["tool_calls"] = json!(list);
            body["choices"][0]["finish_reason"] = json!("tool_calls");
        }
        Dialect::Anthropic => {
            let block = |call: &Call<'_>| {
                let input: Value = serde_json::from_str(call.arguments).unwrap_or_else(|_| json!({}));
                json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input })
            };
            body["content"] = calls.iter().map(block).collect();
            body["stop_reason"] = json!("tool_use");
        }
    }
    exchange.json(200, &[], &body)
}

fn function(call: &Call<'_>, arguments: &str) -> Value {
    json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": arguments } })
}

/// Splits text in the middle, at a character.
fn halves(text: &str) -> [&str; 2] {
    text.split_at(text.floor_char_boundary(text.len() / 2)).into()
}

fn openai_events(calls: &[Call<'_>]) -> Vec<Event> {
    let chunk = |delta: Value, reason: Value| {
        Event::data(
            &json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] }),
        )
    };
    let mut events = vec![chunk(
        json!({ "role": "assistant", "content": null }),
        Value::Null,
    )];
    for (index, call) in calls.iter().enumerate() {
        let mut first = function(call, "");
        first["index"] = json!(index);
        events.push(chunk(json!({ "tool_calls": [first] }), Value::Null));
        for part in halves(call.arguments) {
            let fragment = json!({ "index": index, "function": { "arguments": part } });
            events.push(chunk(json!({ "tool_calls": [fragment] }), Value::Null));
        }
    }
    events.push(chunk(json!({}), json!("tool_calls")));
    events.push(Event {
        name: None,
        data: "[DONE]".to_owned(),
    });
    events
}

fn anthropic_events(calls: &[Call<'_>]) -> Vec<Event> {
    let named = |name: &'static str, mut value: Value| {
        value["type"] = json!(name);
        Event::named(name, &value)
    };
    let mut events = vec![named(
        "message_start",
        json!({ "message": { "role": "assistant", "content": [] } }),
    )];
    for (index, call) in calls.iter().enumerate() {
        let block = json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} });
        events.push(named(
            "content_block_start",
            json!({ "index": index, "content_block": block }),
        ));
        for part in halves(call.arguments) {
            let delta = json!({ "type": "input_json_delta", "partial_json": part });
            events.push(named(
                "content_block_delta",
                json!({ "index": index, "delta": delta }),
            ));
        }
        events.push(named("content_block_stop", json!({ "index": index })));
    }
    events.push(named(
        "message_delta",
        json!({ "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 9 } }),
    ));
    events.push(named("message_stop", json!({})));
    events
}
