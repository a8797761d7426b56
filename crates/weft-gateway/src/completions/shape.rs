//! Answers in OpenAI's shape.

use std::time::SystemTime;

use clawft_types::{Usage, json::Writer};
use weft_agent::Answer;

use super::store_outcome::StoreOutcome;
use crate::{id, reply, time};

/// The values that all parts of one answer share.
pub(super) struct Shape {
    id: String,
    created: String,
    model: String,
}

/// The content of one chunk of a stream.
pub(super) enum Delta<'a> {
    /// The role of the assistant.
    Role,
    /// The next part of the text.
    Text(&'a str),
    /// The next part of the reasoning, in the field that many servers use.
    Reasoning(&'a str),
    /// The end, with its reason.
    Finish(&'static str),
}

impl Shape {
    /// Returns the shape of an answer of `model` that is made now.
    pub(super) fn new(model: &str) -> Shape {
        let created = time::unix(SystemTime::now()).to_string();
        Shape {
            id: format!("chatcmpl-{}", id::random()),
            created,
            model: model.to_owned(),
        }
    }

    /// Returns the complete answer.
    pub(super) fn whole(&self, answer: &Answer) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            self.write_head(body, "chat.completion");
            body.member("choices", |choices| {
                choices.array([answer], |choice, answer| {
                    choice.object(|choice| write_choice(choice, answer));
                });
            });
            if let Some(usage) = &answer.usage {
                body.member("usage", |value| write_usage(value, usage));
            }
        });
        writer.into_bytes()
    }

    /// Returns one chunk. With `usage`, every chunk has that field, which is `null` in all but the last one.
    /// The last chunks tell whether the turn was `stored`.
    pub(super) fn chunk(&self, delta: &Delta<'_>, usage: bool, stored: Option<StoreOutcome>) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            self.write_head(body, "chat.completion.chunk");
            body.member("choices", |choices| {
                choices.array([delta], |choice, delta| {
                    choice.object(|choice| write_delta(choice, delta))
                });
            });
            if usage {
                body.literal_member("usage", "null");
            }
            write_outcome(body, stored);
        });
        writer.into_bytes()
    }

    /// Returns the chunk with the usage, if that was asked for and is known.
    pub(super) fn usage_chunk(&self, usage: &Usage, stored: Option<StoreOutcome>) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            self.write_head(body, "chat.completion.chunk");
            body.literal_member("choices", "[]");
            body.member("usage", |value| write_usage(value, usage));
            write_outcome(body, stored);
        });
        writer.into_bytes()
    }

    /// Returns a chunk without text that holds an event about tools.
    pub(super) fn event_chunk(&self, event: &str) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.object(|body| {
            self.write_head(body, "chat.completion.chunk");
            body.literal_member("choices", "[]");
            body.literal_member("clawft", event);
        });
        writer.into_bytes()
    }

    fn write_head(&self, body: &mut Writer, object: &str) {
        body.text_member("id", &self.id);
        body.text_member("object", object);
        body.literal_member("created", &self.created);
        body.text_member("model", &self.model);
    }
}

fn write_outcome(body: &mut Writer, stored: Option<StoreOutcome>) {
    if let Some(stored) = stored {
        stored.write(body);
    }
}

fn write_choice(choice: &mut Writer, answer: &Answer) {
    choice.literal_member("index", "0");
    choice.member("message", |message| {
        message.object(|message| {
            message.text_member("role", "assistant");
            message.text_member("content", &answer.text);
            message.literal_member("refusal", "null");
        });
    });
    choice.literal_member("logprobs", "null");
    choice.text_member("finish_reason", finish_reason(answer));
}

fn write_delta(choice: &mut Writer, delta: &Delta<'_>) {
    choice.literal_member("index", "0");
    choice.member("delta", |value| {
        value.object(|value| match delta {
            Delta::Role => {
                value.text_member("role", "assistant");
                value.text_member("content", "");
            }
            Delta::Text(text) => value.text_member("content", text),
            Delta::Reasoning(text) => value.text_member("reasoning_content", text),
            Delta::Finish(_) => {}
        });
    });
    choice.literal_member("logprobs", "null");
    let finish = if let Delta::Finish(reason) = delta {
        Some(*reason)
    } else {
        None
    };
    reply::optional_member(choice, "finish_reason", finish);
}

fn write_usage(writer: &mut Writer, usage: &Usage) {
    writer.object(|object| {
        object.literal_member("prompt_tokens", &usage.prompt_tokens.to_string());
        object.literal_member("completion_tokens", &usage.completion_tokens.to_string());
        object.literal_member("total_tokens", &usage.total_tokens.to_string());
    });
}

/// Returns the reason in OpenAI's terms, because clients know no others: Anthropic's differ.
pub(super) fn finish_reason(answer: &Answer) -> &'static str {
    match answer.finish_reason.as_deref() {
        Some("length" | "max_tokens" | "model_context_window_exceeded") => "length",
        Some("content_filter" | "refusal") => "content_filter",
        Some("tool_calls" | "tool_use") => "tool_calls",
        _ => "stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            id: "chatcmpl-1".to_owned(),
            created: "7".to_owned(),
            model: "m".to_owned(),
        }
    }

    fn answer(finish_reason: Option<&str>, usage: Option<Usage>) -> Answer {
        let finish_reason = finish_reason.map(str::to_owned);
        let text = "hi".to_owned();
        Answer {
            text,
            finish_reason,
            usage,
            ..Answer::default()
        }
    }

    #[test]
    fn complete_answer_is_a_chat_completion() {
        let usage = Usage {
            prompt_tokens: 9,
            completion_tokens: 2,
            total_tokens: 11,
            ..Usage::default()
        };
        let body = String::from_utf8(shape().whole(&answer(None, Some(usage)))).unwrap();
        let expected = concat!(
            r#"{"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"m","#,
            r#""choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"#,
            r#""logprobs":null,"finish_reason":"stop"}],"#,
            r#""usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn chunks_hold_role_text_and_end() {
        let chunk = |delta, usage| String::from_utf8(shape().chunk(&delta, usage, None)).unwrap();
        let expected = |delta: &str, rest: &str| {
            format!(
                r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{{"index":0,"delta":{delta},"logprobs":null,{rest}}}"#
            )
        };
        let role = expected(
            r#"{"role":"assistant","content":""}"#,
            r#""finish_reason":null}]"#,
        );
        assert_eq!(chunk(Delta::Role, false), role);
        let text = expected(r#"{"content":"a\"b"}"#, r#""finish_reason":null}],"usage":null"#);
        assert_eq!(chunk(Delta::Text("a\"b"), true), text);
        let finish = expected("{}", r#""finish_reason":"length"}]"#);
        assert_eq!(chunk(Delta::Finish("length"), false), finish);
        let stored = shape().chunk(&Delta::Finish("length"), false, Some(StoreOutcome::Stored));
        let finish = finish.replace("}]}", r#"}],"clawft":{"stored":true}}"#);
        assert_eq!(String::from_utf8(stored).unwrap(), finish);
    }

    #[test]
    fn usage_is_in_chunk_without_choices() {
        let usage = Usage {
            prompt_tokens: 9,
            completion_tokens: 2,
            total_tokens: 11,
            ..Usage::default()
        };
        let expected = concat!(
            r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","#,
            r#""choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#
        );
        assert_eq!(
            String::from_utf8(shape().usage_chunk(&usage, None)).unwrap(),
            expected
        );
        let full = String::from_utf8(shape().usage_chunk(&usage, Some(StoreOutcome::DiskFull))).unwrap();
        assert!(
            full.ends_with(r#""total_tokens":11},"clawft":{"stored":false,"reason":"disk_full"}}"#),
            "{full}"
        );
    }

    #[test]
    fn maps_reasons_to_openais() {
        for (reason, known) in [
            (Some("end_turn"), "stop"),
            (Some("max_tokens"), "length"),
            (Some("refusal"), "content_filter"),
            (Some("tool_use"), "tool_calls"),
            (Some("whatever"), "stop"),
            (None, "stop"),
        ] {
            assert_eq!(finish_reason(&answer(reason, None)), known);
        }
    }
}
