//! The members that not all dialects have, and what becomes of them in another dialect.
//!
//! The readers understand the members that have a counterpart of another shape. This list is about all others. A
//! member that is not on it is unknown, and a translation refuses it.

use crate::{dialect::Dialect, raw::Field};

/// The result of a member's translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// It is written under this key with the same value.
    Write(&'a str),
    /// It says nothing that the target does not do anyway, so it is left out.
    Omit,
    /// It only tunes the answer, so it is left out with a warning.
    Ignore,
    /// The request cannot be translated.
    Refuse,
}

/// Members that tune an answer, or say how it is made, billed or stored. Without them the answer still is one to the
/// request.
const TUNING: &[&str] = &[
    "allowed_callers",
    "annotations",
    "cache_control",
    "chat_template_kwargs",
    "citations",
    "client_metadata",
    "context",
    "context_management",
    "defer_loading",
    "detail",
    "diagnostics",
    "description",
    "display",
    "eager_input_streaming",
    "fallbacks",
    "frequency_penalty",
    "generate_summary",
    "include",
    "inference_geo",
    "input_examples",
    "logit_bias",
    "max_tool_calls",
    "metadata",
    "min_p",
    "mode",
    "moderation",
    "name",
    "output_schema",
    "phase",
    "prediction",
    "presence_penalty",
    "prompt_cache_breakpoint",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "provider",
    "repetition_penalty",
    "safety_identifier",
    "seed",
    "service_tier",
    "speed",
    "store",
    "strict",
    "top_a",
    "top_k",
    "truncation",
    "verbosity",
];

/// Members that identify or describe an object, and that every dialect makes for itself.
const BOOKKEEPING: &[&str] = &[
    "created_by",
    "id",
    "include_obfuscation",
    "index",
    "native_finish_reason",
    "object",
    "status",
    "summary",
    "system_fingerprint",
];

/// Members of chat completions and OpenAI Responses alike.
const OF_OPENAI: &[&str] = &[
    "detail",
    "metadata",
    "moderation",
    "prompt_cache_breakpoint",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "top_logprobs",
    "verbosity",
];

/// Values of members that ask for what the other dialects do without being asked.
const DEFAULTS: &[(&str, &str)] = &[
    ("audio", "false"),
    ("background", "false"),
    ("caller", r#"{"type":"direct"}"#),
    ("detail", r#""auto""#),
    ("logprobs", "false"),
    ("logprobs", "[]"),
    ("modalities", r#"["text"]"#),
    ("n", "1"),
    ("service_tier", r#""auto""#),
    ("service_tier", r#""default""#),
    ("service_tier", r#""standard""#),
    ("speed", r#""standard""#),
    ("store", "false"),
    ("top_logprobs", "0"),
    ("truncation", r#""disabled""#),
    ("verbosity", r#""medium""#),
];

/// Returns the result of translating `field`.
pub fn fate(field: &Field, from: Dialect, to: Dialect) -> Fate<'_> {
    let key = field.key.as_str();
    let value = field.value.as_str();
    let among_openai = from != Dialect::Messages && to != Dialect::Messages;
    let stores_not = (key, value) == ("store", "false") && to == Dialect::Chat;
    let is_shared = key == "top_p"
        || ["cache_control", "top_k"].contains(&key) && to == Dialect::Messages
        || among_openai && OF_OPENAI.contains(&key) && !stores_not;
    let among_logprobs = from == Dialect::Chat && to == Dialect::Responses && key == "logprobs";
    // The writers have read these.
    let is_done = key == "include" && is_met(value, to)
        || among_logprobs && value.starts_with('{')
        || field.path == "thinking" && to == Dialect::Messages && is_thinking(value);
    if from == to || is_shared {
        Fate::Write(key)
    } else if is_done || BOOKKEEPING.contains(&key) || DEFAULTS.contains(&(key, value)) {
        Fate::Omit
    } else if TUNING.contains(&key) {
        let says_nothing = matches!(value, "[]" | "{}" | "0" | "0.0" | "false");
        if says_nothing { Fate::Omit } else { Fate::Ignore }
    } else if value == "[]" {
        // An empty list, such as that of no servers, asks for nothing.
        Fate::Omit
    } else {
        Fate::Refuse
    }
}

/// The member of OpenAI Responses that asks for log probabilities.
pub(crate) const LOGPROBS: &str = r#""message.output_text.logprobs""#;

/// Returns whether the answer has what a list of additional outputs asks for.
fn is_met(include: &str, to: Dialect) -> bool {
    let list = include.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    list.is_some_and(|list| {
        let has =
            |item| item == r#""reasoning.encrypted_content""# || item == LOGPROBS && to == Dialect::Chat;
        list.split(',').all(has)
    })
}

/// Returns whether a value is one that Anthropic's `thinking` has.
fn is_thinking(value: &str) -> bool {
    let kinds = [r#""enabled""#, r#""disabled""#, r#""adaptive""#];
    value.starts_with('{') && kinds.iter().any(|kind| value.contains(kind))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use clawft_types::json::{self, Node};

    use super::*;
    use crate::raw::Raw;

    fn of(key: &str, value: &str) -> Fate<'static> {
        let document = json::parse(value.as_bytes()).unwrap();
        let field = Field {
            path: key.to_string(),
            key: key.to_string(),
            value: Raw::of(Node::root(&document)),
        };
        match fate(&field, Dialect::Messages, Dialect::Chat) {
            Fate::Write(_) => Fate::Write("it"),
            Fate::Omit => Fate::Omit,
            Fate::Ignore => Fate::Ignore,
            Fate::Refuse => Fate::Refuse,
        }
    }

    #[test]
    fn empty_list_asks_for_nothing() {
        assert_eq!(of("mcp_servers", "[]"), Fate::Omit);
        assert_eq!(of("mcp_servers", r#"[{"url":"u"}]"#), Fate::Refuse);
        assert_eq!(of("web_search_options", "{}"), Fate::Refuse);
    }

    #[test]
    fn usual_service_is_not_mentioned() {
        assert_eq!(of("service_tier", r#""standard""#), Fate::Omit);
        assert_eq!(of("speed", r#""standard""#), Fate::Omit);
        assert_eq!(of("service_tier", r#""priority""#), Fate::Ignore);
    }
}
