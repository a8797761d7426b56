//! Bodies as OpenAI documents them for chat completions: the answer, its chunks, and errors of every status.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    asked::{Asked, is_said, said},
    event::{Event, Script},
    request::Request,
};

const ID: &str = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT";
const CREATED: u64 = 1_741_569_952;

/// The fields of a request body that the server needs; all others are in the log only.
#[derive(Debug, Deserialize)]
struct CompletionRequest {
    model: String,
    messages: Vec<Message>,
    stream_options: Option<StreamOptions>,
}

/// One message of the conversation.
#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

#[derive(Debug, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// Returns the parsed request, or the error with which the real server would refuse it.
pub(crate) fn read(request: &Request) -> Result<Asked, (u16, Value)> {
    if key(request).is_none() {
        return Err((401, error(401, None)));
    }
    let refused = |why: String| (400, error_body(&why, "invalid_request_error", None));
    let body: CompletionRequest = serde_json::from_slice(&request.body)
        .map_err(|error| refused(format!("We could not parse your request body: {error}")))?;
    let last = body
        .messages
        .into_iter()
        .rev()
        .find(|message| message.role == "user" && is_said(&message.content));
    let last = last.ok_or_else(|| refused("'messages' holds no message whose role is 'user'".to_owned()))?;
    Ok(Asked {
        model: body.model,
        text: said(&last.content),
        usage: body.stream_options.is_some_and(|options| options.include_usage),
    })
}

/// Returns the key in the request.
pub(crate) fn key(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

/// Returns a completion in the documented shape. Usage is counted in words: it has to be plausible, not
/// exact.
pub(crate) fn completion(model: &str, text: &str) -> Value {
    json!({
        "id": ID,
        "object": "chat.completion",
        "created": CREATED,
        "model": model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text, "refusal": null, "annotations": [] },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": usage(text.split_whitespace().count()),
        "service_tier": "default",
    })
}

fn usage(completion_tokens: usize) -> Value {
    let prompt_tokens = 9;
    json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

/// Returns the chunks of an answer of `pieces`.
pub(crate) fn script(asked: &Asked, pieces: &[&str]) -> Script {
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": ID,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": asked.model,
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
            "choices": choices,
        });
        // If usage is requested, every chunk has the field, and it is null in all but the last.
        if asked.usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let choice = |delta: Value, finish_reason: Option<&str>| {
        chunk(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason }]))
    };
    let mut closing = vec![Event::data(&choice(json!({}), Some("stop")))];
    if asked.usage {
        let mut last = chunk(json!([]));
        last["usage"] = usage(pieces.len());
        closing.push(Event::data(&last));
    }
    closing.push(Event {
        name: None,
        data: "[DONE]".to_owned(),
    });
    Script {
        opening: vec![Event::data(&choice(
            json!({ "role": "assistant", "content": "", "refusal": null }),
            None,
        ))],
        deltas: pieces
            .iter()
            .map(|text| Event::data(&choice(json!({ "content": text }), None)))
            .collect(),
        closing,
    }
}

/// Returns the body of an error of `status`. The one for 401 repeats parts of the bearer token, as the real
/// server does, so that the test detects a client that shows provider messages unredacted.
pub(crate) fn error(status: u16, bearer: Option<&str>) -> Value {
    let (message, kind, code) = match status {
        401 => (
            incorrect_key(bearer),
            "invalid_request_error",
            Some("invalid_api_key"),
        ),
        429 => (
            "Rate limit reached for requests. Please try again later.".to_owned(),
            "requests",
            Some("rate_limit_exceeded"),
        ),
        503 => (
            "The engine is currently overloaded, please try again later.".to_owned(),
            "service_unavailable",
            None,
        ),
        500..600 => (
            "The server had an error while processing your request. Sorry about that!".to_owned(),
            "server_error",
            None,
        ),
        _ => (
            format!("This request is answered with status {status}."),
            "invalid_request_error",
            None,
        ),
    };
    error_body(&message, kind, code)
}

fn error_body(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

fn incorrect_key(bearer: Option<&str>) -> String {
    match bearer {
        None => "You didn't provide an API key.".to_owned(),
        Some(key) => format!(
            "Incorrect API key provided: {}. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
            mask(key)
        ),
    }
}

/// Returns `key` as the provider shows it: the first eight and the last four characters, with stars between
/// them.
fn mask(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    let (head, tail) = (8, 4);
    if characters.len() <= head + tail {
        return "*".repeat(characters.len());
    }
    let hidden = head..characters.len() - tail;
    characters
        .iter()
        .enumerate()
        .map(|(at, c)| if hidden.contains(&at) { '*' } else { *c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Request {
        let headers = vec![("authorization".to_owned(), "Bearer k".to_owned())];
        Request {
            headers,
            body: body.into(),
            ..Request::default()
        }
    }

    #[test]
    fn answers_the_last_user_message() {
        let body = json!({
            "model": "gpt-4o-mini",
            "messages": [
                { "role": "user", "content": "first" },
                { "role": "user", "content": "zweitens: ü" },
                { "role": "assistant", "content": "third" },
            ],
            "stream_options": { "include_usage": true },
        });
        let asked = read(&request(&body.to_string())).expect("a good request");
        assert_eq!(
            (asked.model.as_str(), asked.text.as_str(), asked.usage),
            ("gpt-4o-mini", "zweitens: ü", true)
        );
    }

    #[test]
    fn refuses_wrong_shape_with_the_reason() {
        let refusal = |body: &str| read(&request(body)).expect_err(body).1.to_string();
        assert!(refusal("{").contains("EOF"));
        assert!(refusal(r#"{"messages":[]}"#).contains("model"));
        assert!(refusal(r#"{"model":"m","messages":[]}"#).contains("role is 'user'"));
        assert_eq!(read(&Request::default()).expect_err("no key").0, 401);
    }

    #[test]
    fn answer_has_choice_and_usage() {
        let answer = completion("m", "one two");
        assert_eq!(answer["choices"][0]["message"]["content"], "one two");
        assert_eq!(answer["usage"]["total_tokens"], 9 + 2);
    }

    #[test]
    fn usage_chunk_only_on_request() {
        let asked = |usage| Asked {
            model: "m".to_owned(),
            text: String::new(),
            usage,
        };
        let last = |usage| script(&asked(usage), &["a", "b"]).closing;
        assert_eq!((last(false).len(), last(true).len()), (2, 3));
        assert!(last(true)[1].data.contains("\"total_tokens\":11"));
        assert_eq!(last(false)[1].data, "[DONE]");
    }

    #[test]
    fn status_401_repeats_parts_of_key() {
        let body = error(401, Some("sk-proj-0123456789wxyz"));
        let message = body["error"]["message"].as_str().expect("a message");
        assert!(message.contains("sk-proj-**********wxyz"), "{message}");
        assert_eq!(mask("short"), "*****");
    }
}
