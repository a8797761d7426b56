//! Properties that hold for any input.

use clawft_types::{
    Config, Input, Message, Reasoning, Role, Session, SessionId, ToolCall, ToolResult, failure,
    json::{self, Node},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

/// Text made of JSON tokens, which gets past the parser far more often than random bytes.
fn like_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\"agents\"",
        "\"providers\"",
        "\"choices\"",
        "\"message\"",
        "\"content\"",
        "\"version\"",
        "\"id\"",
        "\"messages\"",
        "\"role\"",
        "\"user\"",
        "null",
        "1",
        "-1",
        "1e999",
        "\\u00",
        " ",
    ]);
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Any tree, with the member names that the readers look for.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(user|openai|https://h|[a-z]{0,3})".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "agents",
        "model",
        "provider",
        "providers",
        "openai",
        "api_base",
        "api_key",
        "kind",
        "timeout_secs",
        "retries",
        "temperature",
        "choices",
        "message",
        "content",
        "usage",
        "version",
        "id",
        "messages",
        "role",
        "error",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

fn read_everything(bytes: &[u8]) {
    let _ = Config::parse("c", bytes).map_err(|error| error.to_string());
    let _ = Session::parse(bytes).map_err(|error| error.to_string());
    let _ = Input::parse(&String::from_utf8_lossy(bytes)).map_err(|error| error.to_string());
    if let Ok(tree) = json::parse(bytes) {
        let node = Node::root(&tree);
        let _ = (
            failure::message(node),
            failure::status(node),
            failure::delay(node),
        );
    }
}

fn session() -> impl Strategy<Value = Session> {
    let role = prop::sample::select(vec![Role::System, Role::User, Role::Assistant]);
    let signed = (any::<String>(), any::<String>()).prop_map(|(text, signature)| Reasoning {
        text,
        signature,
        redacted: false,
    });
    let redacted = any::<String>().prop_map(|signature| Reasoning {
        text: String::new(),
        signature,
        redacted: true,
    });
    let reasoning = vec(prop_oneof![signed, redacted], 0..3);
    let call = (any::<String>(), any::<String>(), any::<String>());
    let call = call.prop_map(|(id, name, arguments)| ToolCall {
        id,
        name,
        arguments,
        extra: String::new(),
    });
    let message = (
        role,
        any::<String>(),
        any::<bool>(),
        any::<Option<String>>(),
        reasoning,
        vec(call, 0..3),
    );
    let message = message.prop_map(
        |(role, content, incomplete, finish_reason, reasoning, calls)| Message {
            incomplete,
            finish_reason,
            reasoning,
            calls,
            ..Message::new(role, content)
        },
    );
    let result = (any::<String>(), any::<String>(), any::<bool>());
    let result = result.prop_map(|(id, content, is_error)| {
        Message::from(ToolResult {
            id,
            content,
            is_error,
        })
    });
    let message = prop_oneof![message, result];
    ("[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", vec(message, 0..8)).prop_map(|(id, messages)| Session {
        id: id.parse().unwrap(),
        messages,
    })
}

proptest! {
    #[test]
    fn readers_never_panic_on_any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        read_everything(&bytes);
    }

    #[test]
    fn readers_never_panic_on_any_text(text in like_json()) {
        read_everything(text.as_bytes());
    }

    #[test]
    fn readers_never_panic_on_any_tree(tree in tree()) {
        read_everything(tree.to_string().as_bytes());
    }

    #[test]
    fn session_survives_writing_and_reading(session in session()) {
        prop_assert_eq!(Session::parse(&session.to_json()), Ok(session));
    }

    #[test]
    fn truncated_session_file_is_refused(session in session(), cut in any::<prop::sample::Index>()) {
        let bytes = session.to_json();
        // The line end is the only byte that may be missing.
        prop_assert!(Session::parse(&bytes[..cut.index(bytes.len() - 1)]).is_err());
    }

    #[test]
    fn session_id_never_leaves_its_directory(text in "[a./\\\\:\u{0}-]{0,5}|.{0,70}") {
        if let Ok(id) = text.parse::<SessionId>() {
            prop_assert_eq!(id.as_str(), &text);
            prop_assert!(!text.contains(['/', '\\', ':', '\0']) && !text.starts_with('.') && text.len() <= 64);
        }
    }

    #[test]
    fn accepts_every_text_that_is_not_blank(text in any::<String>()) {
        let wrapped = Input::parse(&json!({"role": "user", "content": text}).to_string());
        prop_assert_eq!(wrapped.is_ok(), !text.trim().is_empty());
        if let Ok(input) = wrapped {
            prop_assert_eq!(input.text(), text);
        }
    }
}
