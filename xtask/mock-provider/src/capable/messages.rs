//! The answers of a capable model as Anthropic's messages.

use serde_json::{Value, json};

use super::Reply;
use crate::{anthropic, event::Event, pieces::pieces};

/// The signature of a block of thinking, which clients send back.
const SIGNATURE: &str = "EqQBCgIYAhIM1gbcDa9GJwZA2b3h";

/// Returns the answer in one piece.
pub(super) fn whole(reply: &Reply) -> Value {
    let mut body = anthropic::completion(&reply.model, &reply.text);
    let mut blocks = Vec::new();
    if let Some(reasoning) = reply.reasoning {
        blocks.push(json!({ "type": "thinking", "thinking": reasoning, "signature": SIGNATURE }));
    }
    if reply.calls.is_empty() {
        blocks.push(json!({ "type": "text", "text": reply.text }));
    }
    for call in &reply.calls {
        blocks.push(json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments }));
    }
    body["content"] = json!(blocks);
    body["stop_reason"] = json!(stop_reason(reply));
    body["usage"] = usage();
    body
}

/// Returns the answer as events.
pub(super) fn events(reply: &Reply) -> Vec<Event> {
    let mut message = whole(reply);
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["usage"]["output_tokens"] = json!(1);
    let mut events = vec![named("message_start", json!({ "message": message }))];
    let mut blocks = 0..;
    let mut block = |start: Value, deltas: Vec<Value>| {
        let index = blocks.next().unwrap_or_default();
        events.push(named(
            "content_block_start",
            json!({ "index": index, "content_block": start }),
        ));
        for delta in deltas {
            events.push(named(
                "content_block_delta",
                json!({ "index": index, "delta": delta }),
            ));
        }
        events.push(named("content_block_stop", json!({ "index": index })));
    };
    if let Some(reasoning) = reply.reasoning {
        let words = reasoning.split_inclusive(' ');
        let mut deltas: Vec<Value> = words
            .map(|word| json!({ "type": "thinking_delta", "thinking": word }))
            .collect();
        deltas.push(json!({ "type": "signature_delta", "signature": SIGNATURE }));
        block(
            json!({ "type": "thinking", "thinking": "", "signature": "" }),
            deltas,
        );
    }
    if reply.calls.is_empty() {
        let text = |text: &&str| json!({ "type": "text_delta", "text": text });
        let deltas = pieces(&reply.text).iter().map(text).collect();
        block(json!({ "type": "text", "text": "" }), deltas);
    }
    for call in &reply.calls {
        let arguments = call.arguments.to_string();
        let (first, second) = arguments.split_at(1);
        let part = |text: &str| json!({ "type": "input_json_delta", "partial_json": text });
        block(
            json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} }),
            vec![part(first), part(second)],
        );
    }
    let end = json!({
        "delta": { "stop_reason": stop_reason(reply), "stop_sequence": null },
        "usage": { "output_tokens": 7 },
    });
    events.push(named("message_delta", end));
    events.push(named("message_stop", json!({})));
    events
}

fn named(name: &'static str, mut value: Value) -> Event {
    value["type"] = json!(name);
    Event::named(name, &value)
}

fn stop_reason(reply: &Reply) -> &'static str {
    if reply.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    }
}

fn usage() -> Value {
    json!({
        "input_tokens": 6,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 5,
        "output_tokens": 7,
        "service_tier": "standard",
    })
}
