//! Every reader takes time in proportion to the length of its input, whatever the input holds.

mod work;

use clawft_types::{
    Config, Input, Session, failure,
    json::{self, Node},
};

use work::assert_linear;

/// Returns `start`, `count` times `item` separated by commas, and `end`.
fn many<'a>(start: &'a str, item: &'a str, end: &'a str) -> impl Fn(usize) -> Vec<u8> + 'a {
    move |count| [start, &vec![item; count].join(","), end].concat().into_bytes()
}

/// Does the same as [`many`], with the item's number in place of `@`.
fn numbered<'a>(start: &'a str, item: &'a str, end: &'a str) -> impl Fn(usize) -> Vec<u8> + 'a {
    move |count| {
        let items: Vec<_> = (0..count)
            .map(|number| item.replace('@', &number.to_string()))
            .collect();
        [start, &items.join(","), end].concat().into_bytes()
    }
}

#[test]
fn error_bodies_are_read_in_linear_time() {
    let linear = |name, input: &dyn Fn(usize) -> Vec<u8>| {
        assert_linear(name, 1000, input, |bytes| {
            let document = json::parse(bytes).unwrap();
            assert_eq!(failure::message(Node::root(&document)), "no");
            failure::status(Node::root(&document));
            failure::delay(Node::root(&document));
        });
    };
    linear(
        "details",
        &many(
            r#"{"error":{"details":["#,
            r#"{"reason":"x"}"#,
            r#"],"message":"no"}}"#,
        ),
    );
    linear(
        "errors",
        &numbered(r#"{"error":"no","#, r#""@":{"message":"hi"}"#, "}"),
    );
    linear("items", &many(r#"{"detail":["no","#, r#"{"msg":"no"}"#, "]}"));
    let text = |count| {
        let inner = format!(r#"[{{"error":"no"}},"{}"]"#, "x".repeat(count * 10));
        let body = serde_json::json!({ "error": { "metadata": { "raw": inner } } });
        body.to_string().into_bytes()
    };
    assert_linear("JSON in a text", 1000, text, |bytes| {
        let document = json::parse(bytes).unwrap();
        assert!(failure::message(Node::root(&document)).starts_with("no"));
    });
}

#[test]
fn sessions_are_read_in_linear_time() {
    let message = r#"{"role":"user","content":"Hello!","incomplete":false}"#;
    let session = |end: &'static str| many(r#"{"version":1,"id":"a","messages":["#, message, end);
    assert_linear("messages", 700, session("]}"), |bytes| {
        Session::parse(bytes).unwrap()
    });
    assert_linear("messages, the last one wrong", 700, session(",{}]}"), |bytes| {
        Session::parse(bytes).unwrap_err()
    });
    assert_linear("messages that are cut off", 700, session(""), |bytes| {
        Session::parse(bytes).unwrap_err()
    });
    let parse = |bytes: Vec<u8>| Session::parse_owned(bytes).unwrap();
    assert_linear(
        "writing",
        2000,
        |count| parse(session("]}")(count)),
        Session::to_json,
    );
}

#[test]
fn configurations_are_read_in_linear_time() {
    let parse = |bytes: &Vec<u8>| Config::parse("c", bytes);
    let agents = r#"{"agents":{"model":"m","provider":"1"},"providers":{"providers":{"#;
    let providers = |start: &'static str| numbered(start, r#""@":{"kind":"openai"}"#, "}}}");
    assert_linear("providers", 1000, providers(agents), |bytes| {
        parse(bytes).unwrap()
    });
    let agents = r#"{"agents":{"model":"m","provider":"none"},"providers":{"providers":{"#;
    assert_linear("providers without the one", 1000, providers(agents), |bytes| {
        parse(bytes).unwrap_err()
    });
    let agents = r#"{"agents":{"model":"m"},"providers":{"providers":{"#;
    assert_linear("providers to choose from", 1000, providers(agents), |bytes| {
        parse(bytes).unwrap_err()
    });
    let same = many(agents, r#""same":{"kind":"openai"}"#, "}}}");
    assert_linear("one provider again and again", 1000, same, |bytes| {
        parse(bytes).unwrap()
    });
    let unknown = numbered(
        r#"{"agents":{"model":"m","#,
        r#""@":[]"#,
        r#"},"providers":{"providers":{"openai":{}}}}"#,
    );
    assert_linear("unknown keys", 1000, unknown, |bytes| parse(bytes).unwrap());
}

#[test]
fn user_messages_are_read_in_linear_time() {
    let parse = |text: &String| Input::parse(text);
    let json = |count| format!(r#"{{"content":"{}"}}"#, r"line\n".repeat(count));
    assert_linear("JSON", 10_000, json, |text| parse(text).unwrap());
    let code = |count| ["{", &r#""content": nobody,"#.repeat(count)].concat();
    assert_linear("what looks like JSON", 100_000, code, |text| parse(text).unwrap());
}

#[test]
fn accessors_take_linear_time() {
    let keys = |count| json::parse_owned(numbered("{", r#""@":1"#, "}")(count)).unwrap();
    assert_linear("keys", 2000, keys, |document| {
        Node::root(document).keys().unwrap().len()
    });
}
