//! Messages of requests and sessions, as pairs of role and content.

use serde_json::Value;

/// Returns the pairs of role and content in `messages` of a request or a session.
pub fn messages(value: &Value) -> Option<Vec<(String, String)>> {
    let text = |message: &Value, key: &str| message.get(key)?.as_str().map(str::to_owned);
    let pair = |message: &Value| Some((text(message, "role")?, text(message, "content")?));
    value.get("messages")?.as_array()?.iter().map(pair).collect()
}

/// Returns whether the messages `found` are those `expected`.
pub fn same_messages(found: &[(String, String)], expected: &[(&str, &str)]) -> bool {
    found
        .iter()
        .map(|(role, content)| (role.as_str(), content.as_str()))
        .eq(expected.iter().copied())
}

/// Returns the object `base` with the members of the object `more`, which take precedence.
pub fn merged(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parses_messages_as_pairs() {
        let pairs = messages(&json!({ "messages": [{ "role": "user", "content": "hi", "more": 1 }] }));
        assert_eq!(pairs, Some(vec![("user".to_owned(), "hi".to_owned())]));
        assert_eq!(messages(&json!({ "messages": [{ "role": "user" }] })), None);
        assert_eq!(messages(&json!([])), None);
    }
}
