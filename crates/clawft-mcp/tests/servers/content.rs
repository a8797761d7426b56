//! Results of calls, as text for the model.

use clawft_mcp::limits::MAX_RESULT;
use serde_json::{Value, json};

use crate::common::{Response, body, call, listed, result};

/// Returns the content of a result, and whether it is an error.
fn read(value: &Value) -> (String, bool) {
    let mut server = listed(&["t"]);
    let found = call(&mut server, "mcp__s__t", "{}", |request| {
        Response::new(200, result(&body(request)["id"], value))
    });
    (found.content, found.is_error)
}

fn content(items: &Value) -> String {
    read(&json!({"content": items})).0
}

#[test]
fn joins_texts_as_separate_lines() {
    assert_eq!(
        content(&json!([{"type": "text", "text": "a\nb"}, {"type": "text", "text": "c"}])),
        "a\nb\nc"
    );
    assert_eq!(content(&json!([])), "");
    assert_eq!(content(&json!(null)), "");
    assert_eq!(content(&json!([{"type": "text"}, {}, 7])), "[]\n[]");
}

#[test]
fn other_content_is_described() {
    for (item, described) in [
        (
            json!({"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}),
            "[image: image/png, 5 bytes]",
        ),
        (
            json!({"type": "audio", "data": "aGVsbG8h", "mimeType": "audio/wav"}),
            "[audio: audio/wav, 6 bytes]",
        ),
        (json!({"type": "image"}), "[image]"),
        (json!({"type": "hologram", "name": "x"}), "[hologram: x]"),
        (
            json!({"type": "resource", "resource": {"uri": "file:///a.rs", "mimeType": "text/x-rust", "text": "fn main() {}\n"}}),
            "[resource: file:///a.rs]\nfn main() {}\n",
        ),
        (
            json!({"type": "resource", "resource": {"uri": "file:///a.png", "mimeType": "image/png", "blob": "AA=="}}),
            "[resource: file:///a.png, image/png, 1 bytes]",
        ),
        (json!({"type": "resource"}), "[resource]"),
        (
            json!({"type": "resource_link", "uri": "file:///a", "name": "a", "mimeType": "text/plain", "description": "It\nis."}),
            "[link: file:///a, a, text/plain]\nIt\nis.",
        ),
    ] {
        assert_eq!(content(&json!([item])), described);
    }
}

#[test]
fn structured_result_is_passed_on_once() {
    let value = json!({"temperature": 22.5, "sky": "é"});
    let text = json!([{"type": "text", "text": "warm"}]);
    assert_eq!(
        read(&json!({"content": [], "structuredContent": value})).0,
        value.to_string()
    );
    assert_eq!(read(&json!({"structuredContent": [1, "a"]})).0, r#"[1,"a"]"#);
    assert_eq!(
        read(&json!({"content": text, "structuredContent": value})).0,
        "warm"
    );
    let image = json!([{"type": "image", "mimeType": "image/png"}]);
    assert_eq!(
        read(&json!({"content": image, "structuredContent": 3})).0,
        "[image: image/png]\n3"
    );
}

#[test]
fn errors_of_a_tool_are_errors() {
    let failed = |flag: &Value| read(&json!({"content": [{"type": "text", "text": "no"}], "isError": flag}));
    assert_eq!(failed(&json!(true)), ("no".to_owned(), true));
    for flag in [json!(false), json!(null), json!("true"), json!(1)] {
        assert_eq!(failed(&flag), ("no".to_owned(), false));
    }
}

#[test]
fn long_results_are_cut() {
    let text = |length: usize| json!({"type": "text", "text": "x".repeat(length)});
    assert_eq!(content(&json!([text(MAX_RESULT)])), "x".repeat(MAX_RESULT));
    let all = "x".repeat(MAX_RESULT);
    assert_eq!(
        content(&json!([text(MAX_RESULT + 1)])),
        format!("{all}\n[1 more bytes are left out]")
    );
    assert_eq!(
        content(&json!([text(MAX_RESULT), text(3)])),
        format!("{all}\n[4 more bytes are left out]")
    );
    let split = format!("{}éé", "x".repeat(MAX_RESULT - 1));
    let items = json!([{"type": "text", "text": split}, {"type": "text", "text": "y"}]);
    assert_eq!(
        content(&items),
        format!("{}\n[6 more bytes are left out]", "x".repeat(MAX_RESULT - 1))
    );
}
