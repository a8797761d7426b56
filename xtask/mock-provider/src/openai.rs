//! The bodies that OpenAI documents for chat completions: the answer, and errors of every status.

use serde::Deserialize;
use serde_json::{Value, json};

/// What the server needs to know of a request body; the rest of it is the log's.
#[derive(Debug, Deserialize)]
struct CompletionRequest {
    model: String,
    messages: Vec<Message>,
}

/// One message of the conversation.
#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: String,
}

/// The answer to a request body: `echo: ` and its last user message. A body of the wrong shape yields the words to
/// refuse it with.
pub(crate) fn echo(request: &[u8]) -> Result<Value, String> {
    let request: CompletionRequest = serde_json::from_slice(request)
        .map_err(|error| format!("We could not parse your request body: {error}"))?;
    let last = request.messages.iter().rev().find(|message| message.role == "user");
    let last = last.ok_or("'messages' holds no message whose role is 'user'")?;
    Ok(completion(&request.model, &format!("echo: {}", last.content)))
}

/// An answer of `length` bytes of text: the sixteen hexadecimal digits over and over.
pub(crate) fn long(length: usize) -> Value {
    let digits = "0123456789abcdef";
    let text = digits.repeat(length.div_ceil(digits.len()));
    completion("gpt-4o-mini", &text[..length])
}

/// A completion in the documented shape. Usage is counted in words: it has to be plausible, not right.
fn completion(model: &str, text: &str) -> Value {
    let completion_tokens = text.split_whitespace().count();
    let prompt_tokens = 9;
    json!({
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion",
        "created": 1_741_569_952,
        "model": model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text, "refusal": null, "annotations": [] },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
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
        },
        "service_tier": "default",
    })
}

/// The body of an error of `status`. The one for 401 repeats parts of the bearer token, as the real one does, so that a
/// client that passes provider messages on unseen is found out.
pub(crate) fn error(status: u16, bearer: Option<&str>) -> Value {
    let (message, kind, code) = match status {
        401 => (incorrect_key(bearer), "invalid_request_error", Some("invalid_api_key")),
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
        _ => (format!("This request is answered with status {status}."), "invalid_request_error", None),
    };
    error_body(&message, kind, code)
}

/// The body of the 400 that answers a request of the wrong shape.
pub(crate) fn bad_request(message: &str) -> Value {
    error_body(message, "invalid_request_error", None)
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

/// `key` as the provider shows it: the first eight and the last four characters, stars between them.
fn mask(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    let (head, tail) = (8, 4);
    if characters.len() <= head + tail {
        return "*".repeat(characters.len());
    }
    let hidden = head..characters.len() - tail;
    characters.iter().enumerate().map(|(at, c)| if hidden.contains(&at) { '*' } else { *c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_user_message_is_echoed() {
        let request = json!({
            "model": "gpt-4o-mini",
            "messages": [
                { "role": "user", "content": "first" },
                { "role": "user", "content": "zweitens: ü" },
                { "role": "assistant", "content": "third" },
            ],
        });
        let answer = echo(request.to_string().as_bytes()).expect("an answer");
        assert_eq!(answer["choices"][0]["message"]["content"], "echo: zweitens: ü");
        assert_eq!(answer["model"], "gpt-4o-mini");
        assert_eq!(answer["usage"]["total_tokens"], 9 + 3);
    }

    #[test]
    fn a_request_of_the_wrong_shape_is_refused_with_the_reason() {
        let refusal = |body: &str| echo(body.as_bytes()).expect_err(body);
        assert!(refusal("{").contains("EOF"));
        assert!(refusal(r#"{"messages":[]}"#).contains("model"));
        assert!(refusal(r#"{"model":"m","messages":[]}"#).contains("role is 'user'"));
    }

    #[test]
    fn the_401_shows_parts_of_the_key() {
        let body = error(401, Some("sk-proj-0123456789wxyz"));
        let message = body["error"]["message"].as_str().expect("a message");
        assert!(message.contains("sk-proj-**********wxyz"), "{message}");
        assert_eq!(mask("short"), "*****");
    }

    #[test]
    fn a_long_answer_has_its_length_to_the_byte() {
        let answer = long(35);
        assert_eq!(answer["choices"][0]["message"]["content"], "0123456789abcdef0123456789abcdef012");
    }
}
