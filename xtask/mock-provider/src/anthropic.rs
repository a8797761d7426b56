//! Bodies as Anthropic documents them for messages: the answer, its events, and errors of every status.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    asked::{Asked, is_said, said},
    event::{Event, Script},
    request::Request,
};

/// The fields of a request body that the server needs, and the required ones; all others are in the log only.
#[derive(Debug, Deserialize)]
struct MessagesRequest {
    model: String,
    max_tokens: u32,
    messages: Vec<Message>,
}

/// One message of the conversation. The system prompt has a field of its own.
#[derive(Debug, Deserialize)]
struct Message {
    role: Role,
    #[serde(default)]
    content: Value,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
    System,
}

/// Returns the parsed request, or the error with which the real server would refuse it.
pub(crate) fn read(request: &Request) -> Result<Asked, (u16, Value)> {
    if request.header("x-api-key").is_none() {
        return Err((401, error(401)));
    }
    let refused = |why: String| (400, error_body("invalid_request_error", &why));
    match request.header("anthropic-version") {
        Some("2023-06-01" | "2026-10-21") => {}
        other => {
            return Err(refused(format!(
                "anthropic-version: {:?} is not a valid version",
                other
            )));
        }
    }
    let body: MessagesRequest =
        serde_json::from_slice(&request.body).map_err(|error| refused(error.to_string()))?;
    let mut turns = body.messages.iter().map(|message| &message.role);
    if turns.next() != Some(&Role::User) {
        return Err(refused(
            "messages: first message must use the \"user\" role".to_owned(),
        ));
    }
    if body.max_tokens == 0 {
        return Err(refused(
            "max_tokens: must be greater than or equal to 1".to_owned(),
        ));
    }
    let last = body
        .messages
        .iter()
        .rev()
        .find(|message| message.role == Role::User && is_said(&message.content));
    let text = last.map(|message| said(&message.content)).unwrap_or_default();
    Ok(Asked {
        model: body.model,
        text,
        usage: true,
    })
}

/// Returns a message in the documented shape. Usage is counted in words: it has to be plausible, not exact.
pub(crate) fn completion(model: &str, text: &str) -> Value {
    let mut message = message(model, 0);
    message["content"] = json!([{ "type": "text", "text": text }]);
    message["stop_reason"] = json!("end_turn");
    message["usage"]["output_tokens"] = json!(text.split_whitespace().count());
    message
}

/// Returns the message without any content.
fn message(model: &str, output_tokens: usize) -> Value {
    json!({
        "id": "msg_013Zva2CMHLNnXjNJJKqJ2EF",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {
            "input_tokens": 9,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
            "service_tier": "standard",
        },
    })
}

/// Returns the events of an answer of `pieces`.
pub(crate) fn script(asked: &Asked, pieces: &[&str]) -> Script {
    let named = |name: &'static str, mut value: Value| {
        value["type"] = json!(name);
        Event::named(name, &value)
    };
    let delta = |text: &&str| {
        named(
            "content_block_delta",
            json!({ "index": 0, "delta": { "type": "text_delta", "text": text } }),
        )
    };
    let block = json!({ "index": 0, "content_block": { "type": "text", "text": "" } });
    let end = json!({
        "delta": { "stop_reason": "end_turn", "stop_sequence": null },
        "usage": { "output_tokens": pieces.len() },
    });
    Script {
        opening: vec![
            named("message_start", json!({ "message": message(&asked.model, 1) })),
            named("content_block_start", block),
            named("ping", json!({})),
        ],
        deltas: pieces.iter().map(delta).collect(),
        closing: vec![
            named("content_block_stop", json!({ "index": 0 })),
            named("message_delta", end),
            named("message_stop", json!({})),
        ],
    }
}

/// Returns the body of an error of `status`.
pub(crate) fn error(status: u16) -> Value {
    let (kind, message) = match status {
        401 => ("authentication_error", "invalid x-api-key"),
        403 => (
            "permission_error",
            "Your API key does not have permission to use the specified resource.",
        ),
        404 => ("not_found_error", "The requested resource could not be found."),
        413 => (
            "request_too_large",
            "Request exceeds the maximum allowed number of bytes.",
        ),
        429 => ("rate_limit_error", "Your account has hit a rate limit."),
        529 => ("overloaded_error", "Overloaded"),
        500..600 => (
            "api_error",
            "An unexpected error has occurred internal to Anthropic's systems.",
        ),
        _ => (
            "invalid_request_error",
            "There was an issue with the format or content of your request.",
        ),
    };
    error_body(kind, message)
}

fn error_body(kind: &str, message: &str) -> Value {
    json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], body: &Value) -> Request {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Request {
            headers,
            body: body.to_string().into_bytes(),
            ..Request::default()
        }
    }

    const HEADERS: [(&str, &str); 2] = [("x-api-key", "k"), ("anthropic-version", "2023-06-01")];

    #[test]
    fn reads_a_valid_request() {
        let body =
            json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
        let asked = read(&request(&HEADERS, &body)).expect("a good request");
        assert_eq!((asked.model.as_str(), asked.text.as_str()), ("m", "hi"));
    }

    #[test]
    fn refuses_what_the_provider_refuses() {
        let good =
            json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": "hi" }] });
        let status =
            |headers: &[(&str, &str)], body: &Value| read(&request(headers, body)).expect_err("a refusal").0;
        assert_eq!(status(&[], &good), 401);
        assert_eq!(status(&HEADERS[..1], &good), 400);
        for body in [
            json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] }),
            json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "system", "content": "hi" }] }),
            json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "assistant", "content": "hi" }] }),
            json!({ "model": "m", "max_tokens": 0, "messages": [{ "role": "user", "content": "hi" }] }),
        ] {
            assert_eq!(status(&HEADERS, &body), 400, "{body}");
        }
    }

    #[test]
    fn answer_is_one_text_block() {
        let answer = completion("m", "one two");
        assert_eq!(answer["content"], json!([{ "type": "text", "text": "one two" }]));
        assert_eq!(
            (&answer["stop_reason"], &answer["usage"]["output_tokens"]),
            (&json!("end_turn"), &json!(2))
        );
    }

    #[test]
    fn event_names_match_their_type() {
        let asked = Asked {
            model: "m".to_owned(),
            text: String::new(),
            usage: true,
        };
        for event in script(&asked, &["a", "b"]).events() {
            let data: Value = serde_json::from_str(&event.data).expect("JSON");
            assert_eq!(data["type"].as_str(), event.name);
        }
    }
}
