//! The other paths of a provider: models, embeddings, completions of a text, and the count of tokens.

use std::io;

use serde_json::{Value, json};

use super::Other;
use crate::pieces::pieces;

/// The models in the list.
const MODELS: [&str; 2] = ["echo", "reason"];

/// The vector of every text.
const VECTOR: [f32; 4] = [0.5, -0.25, 0.125, 1.0];

/// A path that is not a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Models,
    Embeddings,
    Completions,
    CountTokens,
}

/// Returns the path that a request's path ends with.
pub(super) fn find(path: &str) -> Option<Path> {
    [
        ("/v1/models", Path::Models),
        ("/v1/embeddings", Path::Embeddings),
        // The path of a chat also ends like this.
        ("/v1/completions", Path::Completions),
        ("/v1/messages/count_tokens", Path::CountTokens),
    ]
    .into_iter()
    .find_map(|(end, found)| path.ends_with(end).then_some(found))
}

/// Answers a request for another path.
pub(crate) fn answer(other: Other<'_>) -> io::Result<()> {
    let body: Value = serde_json::from_slice(&other.request.body).unwrap_or_default();
    let answer = match find(&other.request.path) {
        Some(Path::Embeddings) => embeddings(&body),
        Some(Path::Completions) => return completions(other, &body),
        Some(Path::CountTokens) => json!({ "input_tokens": 14 }),
        Some(Path::Models) | None => models(),
    };
    other.wire.whole(
        200,
        &[("content-type", "application/json")],
        answer.to_string().as_bytes(),
    )
}

fn models() -> Value {
    let model =
        |id: &&str| json!({ "id": id, "object": "model", "created": 1_741_569_952, "owned_by": "mock" });
    json!({ "object": "list", "data": MODELS.iter().map(model).collect::<Vec<_>>() })
}

/// Returns a vector for each input: a text, a list of texts, a list of tokens, or a list of such lists.
fn embeddings(body: &Value) -> Value {
    let input = &body["input"];
    let count = match input.as_array() {
        Some(list) if list.first().is_some_and(|item| !item.is_number()) => list.len(),
        _ => 1,
    };
    let vector = match body["encoding_format"].as_str() {
        Some("base64") => json!(BASE64),
        _ => json!(VECTOR),
    };
    let data: Vec<Value> = (0..count)
        .map(|index| json!({ "object": "embedding", "index": index, "embedding": vector }))
        .collect();
    json!({
        "object": "list",
        "data": data,
        "model": body["model"],
        "usage": { "prompt_tokens": 3, "total_tokens": 3 },
    })
}

/// [`VECTOR`] as little-endian numbers of 32 bits in base64.
const BASE64: &str = "AAAAPwAAgL4AAAA+AACAPw==";

fn completions(other: Other<'_>, body: &Value) -> io::Result<()> {
    let text = format!("echo: {}", body["prompt"].as_str().unwrap_or_default());
    let completion = |text: &str, reason: Value| {
        json!({
            "id": "cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7",
            "object": "text_completion",
            "created": 1_741_569_952,
            "model": body["model"],
            "choices": [{ "text": text, "index": 0, "logprobs": null, "finish_reason": reason }],
        })
    };
    if !other.request.wants_stream() {
        let mut answer = completion(&text, json!("stop"));
        answer["usage"] = json!({ "prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12 });
        let answer = answer.to_string();
        return other
            .wire
            .whole(200, &[("content-type", "application/json")], answer.as_bytes());
    }
    other.wire.chunked("text/event-stream")?;
    for piece in pieces(&text) {
        let event = completion(piece, Value::Null);
        other.wire.chunk(format!("data: {event}\n\n").as_bytes())?;
    }
    let last = completion("", json!("stop"));
    other
        .wire
        .chunk(format!("data: {last}\n\ndata: [DONE]\n\n").as_bytes())?;
    other.wire.last_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_has_a_vector() {
        let count = |input: Value| {
            embeddings(&json!({ "input": input }))["data"]
                .as_array()
                .map(Vec::len)
        };
        assert_eq!(count(json!("a")), Some(1));
        assert_eq!(count(json!([1, 2, 3])), Some(1));
        assert_eq!(count(json!(["a", "b"])), Some(2));
        assert_eq!(count(json!([[1, 2], [3], [4]])), Some(3));
    }

    #[test]
    fn finds_paths_by_their_end() {
        assert_eq!(find("/capable/a/v1/models"), Some(Path::Models));
        assert_eq!(find("/capable/a/v1/chat/completions"), None);
    }
}
