//! The answers of a capable model as chat completions.

use serde_json::{Value, json};

use super::Reply;
use crate::{asked::Asked, event::Event, openai, pieces::pieces};

/// Returns the answer in one piece.
pub(super) fn whole(reply: &Reply) -> Value {
    let mut body = openai::completion(&reply.model, &reply.text);
    let choice = &mut body["choices"][0];
    if let Some(reasoning) = reply.reasoning {
        choice["message"]["reasoning_content"] = json!(reasoning);
    }
    if !reply.calls.is_empty() {
        choice["message"]["content"] = Value::Null;
        choice["message"]["tool_calls"] = calls(reply).into_iter().map(|(_, call)| call).collect();
        choice["finish_reason"] = json!("tool_calls");
    }
    let choice = choice.clone();
    let numbered = |index: usize| {
        let mut choice = choice.clone();
        choice["index"] = json!(index);
        choice
    };
    body["choices"] = (0..reply.choices.max(1)).map(numbered).collect();
    body["usage"] = usage();
    body
}

/// Returns the answer as events.
pub(super) fn events(reply: &Reply) -> Vec<Event> {
    let asked = Asked {
        model: reply.model.clone(),
        text: String::new(),
        usage: reply.usage,
    };
    let pieces = if reply.calls.is_empty() {
        pieces(&reply.text)
    } else {
        Vec::new()
    };
    let script = openai::script(&asked, &pieces);
    // A chunk whose first choice gets other members.
    let template: Value = script
        .opening
        .first()
        .and_then(|event| serde_json::from_str(&event.data).ok())
        .unwrap_or_default();
    let chunk = |delta: Value| {
        let mut chunk = template.clone();
        chunk["choices"][0]["delta"] = delta;
        Event::data(&chunk)
    };
    let mut events = script.opening;
    if let Some(reasoning) = reply.reasoning {
        let words = reasoning.split_inclusive(' ');
        events.extend(words.map(|word| chunk(json!({ "reasoning_content": word }))));
    }
    for (index, call) in calls(reply) {
        let arguments = call["function"]["arguments"].clone();
        let mut first = call;
        first["index"] = json!(index);
        first["function"]["arguments"] = json!("");
        events.push(chunk(json!({ "tool_calls": [first] })));
        let rest = json!({ "index": index, "function": { "arguments": arguments } });
        events.push(chunk(json!({ "tool_calls": [rest] })));
    }
    events.extend(script.deltas);
    for mut event in script.closing {
        if !reply.calls.is_empty() {
            event.data = event
                .data
                .replace(r#""finish_reason":"stop""#, r#""finish_reason":"tool_calls""#);
        }
        if let Ok(mut chunk) = serde_json::from_str::<Value>(&event.data)
            && chunk["usage"].is_object()
        {
            chunk["usage"] = usage();
            event.data = chunk.to_string();
        }
        events.push(event);
    }
    events
}

/// Returns the calls with their numbers.
fn calls(reply: &Reply) -> Vec<(usize, Value)> {
    let function = |call: &super::Call| {
        let function = json!({ "name": call.name, "arguments": call.arguments.to_string() });
        json!({ "id": call.id, "type": "function", "function": function })
    };
    reply.calls.iter().map(function).enumerate().collect()
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "total_tokens": 18,
        "prompt_tokens_details": { "cached_tokens": 5, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 3,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
