//! Refuses requests for unsupported features, instead of answering them in another way. A request that spells
//! out the default of such a feature is accepted.

use clawft_types::json::Node;

use crate::api_error::ApiError;

/// Returns whether a value has no effect.
type Harmless = fn(Node<'_>) -> bool;

/// The fields that change the answer, and the values without effect.
const FIELDS: [(&str, Harmless); 16] = [
    ("tools", is_empty),
    ("functions", is_empty),
    ("tool_choice", is_no_choice),
    ("function_call", is_no_choice),
    ("n", is_one),
    ("response_format", is_text_format),
    ("modalities", is_text_alone),
    ("audio", |_| false),
    ("web_search_options", |_| false),
    ("stop", is_empty),
    ("logprobs", |node| node.flag() == Ok(false)),
    ("top_logprobs", is_zero),
    ("logit_bias", is_empty),
    ("top_p", is_one),
    ("presence_penalty", is_zero),
    ("frequency_penalty", is_zero),
];

/// Refuses a request that uses an unsupported feature.
///
/// # Errors
/// 400 with the first such field.
pub(super) fn check(root: Node<'_>) -> Result<(), ApiError> {
    for (key, harmless) in FIELDS {
        if root.get(key).is_some_and(|node| !harmless(node)) {
            let message = format!(
                "{key}: the gateway's agent does not support this, leave it out, or name another model than `clawft`"
            );
            return Err(ApiError {
                code: Some("unsupported_parameter"),
                ..ApiError::invalid(message).at(key)
            });
        }
    }
    Ok(())
}

/// Returns whether `node` is an empty array, object or string. It makes no errors, because a request may have
/// many messages with such a field.
pub(super) fn is_empty(node: Node<'_>) -> bool {
    if let Some(mut items) = node.as_items() {
        return items.next().is_none();
    }
    match node.as_text() {
        Some(text) => text.is_empty(),
        None => node.keys().is_ok_and(|keys| keys.is_empty()),
    }
}

fn is_no_choice(node: Node<'_>) -> bool {
    matches!(node.as_text(), Some("none" | "auto"))
}

fn is_one(node: Node<'_>) -> bool {
    node.number() == Ok(1.0)
}

fn is_zero(node: Node<'_>) -> bool {
    node.number() == Ok(0.0)
}

fn is_text_format(node: Node<'_>) -> bool {
    node.text_of("type") == Some("text")
}

fn is_text_alone(node: Node<'_>) -> bool {
    node.as_items()
        .is_some_and(|mut items| items.all(|item| item.as_text() == Some("text")))
}

#[cfg(test)]
mod tests {
    use clawft_types::json;

    use super::*;

    fn refused(body: &str) -> Option<String> {
        let tree = json::parse(body.as_bytes()).unwrap();
        check(Node::root(&tree)).err().and_then(|error| error.param)
    }

    #[test]
    fn refuses_fields_that_change_the_answer() {
        for (key, value) in [
            ("tools", r#"[{"type":"function"}]"#),
            ("functions", r#"[{}]"#),
            ("tool_choice", r#""required""#),
            ("function_call", r#"{"name":"f"}"#),
            ("n", "2"),
            ("response_format", r#"{"type":"json_object"}"#),
            ("modalities", r#"["text","audio"]"#),
            ("audio", "{}"),
            ("web_search_options", "{}"),
            ("stop", r#""x""#),
            ("stop", r#"["x"]"#),
            ("logprobs", "true"),
            ("top_logprobs", "1"),
            ("logit_bias", r#"{"1":1}"#),
            ("top_p", "0.5"),
            ("presence_penalty", "-1"),
            ("frequency_penalty", "0.1"),
        ] {
            assert_eq!(
                refused(&format!(r#"{{"{key}":{value}}}"#)).as_deref(),
                Some(key),
                "{value}"
            );
        }
    }

    #[test]
    fn accepts_defaults_that_are_explicit() {
        let body = r#"{"tools":[],"functions":null,"tool_choice":"none","function_call":"auto","n":1,
            "response_format":{"type":"text"},"modalities":["text"],"audio":null,"stop":[],"logprobs":false,
            "top_logprobs":0,"logit_bias":{},"top_p":1.0,"presence_penalty":0,"frequency_penalty":0.0,
            "seed":1,"user":"u","store":false,"reasoning_effort":"low","parallel_tool_calls":true}"#;
        assert_eq!(refused(body), None);
    }
}
