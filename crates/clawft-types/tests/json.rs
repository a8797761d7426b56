//! Our own JSON writer against serde_json.

use clawft_types::json::{self, Node, Value, Writer};
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer::default();
    write(&mut writer);
    String::from_utf8(writer.into_bytes()).unwrap()
}

#[test]
fn empty_and_nested() {
    assert_eq!(written(|w| w.object(|_| ())), "{}");
    assert_eq!(written(|w| w.array([(); 0], |_, ()| ())), "[]");
    let nested = written(|w| {
        w.object(|w| {
            w.member("a", |w| w.array([1, 2], |w, n| w.literal(&n.to_string())));
            w.member("b", |w| w.object(|_| ()));
            w.text_member("c", "ends with,");
        });
    });
    assert_eq!(nested, r#"{"a":[1,2],"b":{},"c":"ends with,"}"#);
}

#[test]
fn of_two_members_the_first_counts() {
    let tree = json::parse(br#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(Node::root(&tree).require("a").unwrap().whole(), Ok(1));
}

proptest! {
    #[test]
    fn every_text_comes_back(text in any::<String>()) {
        let json = written(|w| w.text(&text));
        prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &text);
        prop_assert_eq!(json::parse(json.as_bytes()), Ok(Value::Text(text)));
    }
}

#[test]
fn control_characters_are_escaped() {
    let all: String = (0..=0x7fu8).map(char::from).collect();
    let json = written(|w| w.text(&all));
    assert!(!json.bytes().any(|byte| byte < 0x20), "{json}");
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
}

#[test]
fn errors_say_where() {
    for (text, words) in [
        (&b""[..], "1:0: not JSON, the text is empty"),
        (b"[1,\n 2,\n x]", "3:2: not JSON, expected value"),
        (b"{\"a\" 1}", "1:6: not JSON, expected `:`"),
        (b"1 2", "1:3: not JSON, trailing characters"),
        (b"{", "1:1: not JSON, EOF while parsing an object"),
        (b"[\n\"\xff\"]", "2:2: not JSON, the text is not UTF-8"),
    ] {
        assert_eq!(json::parse(text).unwrap_err().to_string(), words);
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth| ["[".repeat(depth), "]".repeat(depth)].concat();
    assert!(json::parse(nested(127).as_bytes()).is_ok());
    let words = json::parse(nested(10_000).as_bytes()).unwrap_err().to_string();
    assert_eq!(words, "1:128: not JSON, recursion limit exceeded");
}
