//! Our own JSON parser compared with serde_json.

use std::cell::Cell;

use clawft_types::json::{self, JsonError, JsonFault, Node, Writer};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

fn written(write: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer::default();
    write(&mut writer);
    String::from_utf8(writer.into_bytes()).unwrap()
}

#[test]
fn writes_empty_and_nested_values() {
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
fn null_is_told_from_other_values() {
    let document = json::parse(br#"[null, 0, "null", false, {}, []]"#).unwrap();
    let items = Node::root(&document).items().unwrap();
    let nulls: Vec<bool> = items.map(Node::is_null).collect();
    assert_eq!(nulls, [true, false, false, false, false, false]);
}

#[test]
fn escapes_where_json_requires_it() {
    assert_eq!(
        written(|w| w.text("\u{0}\u{1f}\t\n\"\\/é\u{7f}")),
        "\"\\u0000\\u001f\\u0009\\n\\\"\\\\/é\u{7f}\""
    );
    let text = "\u{0}\t\n\"\\é".repeat(3);
    let writer = Writer::with_room_for([text.as_str()].into_iter()).unwrap();
    assert_eq!(writer.into_bytes(), b"");
}

#[test]
fn writer_reserves_room_for_its_texts() {
    let text = ["plain", "\u{0}\u{1f}", "\n\"\\", "é"].concat().repeat(100);
    let mut writer = Writer::with_room_for([text.as_str(), ""].into_iter()).unwrap();
    writer.text(&text);
    writer.text("");
    let bytes = writer.into_bytes();
    // Two quotes each, and the rest of the capacity for keys.
    assert_eq!(bytes.capacity(), bytes.len() - 4 + 2 * 64);
}

#[test]
fn values_are_copied_out_of_a_document() {
    let document = json::parse(br#" {"a": [1.50, "\n\u00e9\"{,", {}, []], "b": null, "b": -0e3} "#).unwrap();
    let root = Node::root(&document);
    let text = root.to_json().unwrap();
    assert_eq!(text, "{\"a\":[1.50,\"\\né\\\"{,\",{},[]],\"b\":null,\"b\":-0e3}");
    assert!(text.capacity() < 2 * text.len(), "{}", text.capacity());
    let items: Vec<_> = root.get("a").unwrap().items().unwrap().collect();
    assert_eq!(items[1].to_json().unwrap(), "\"\\né\\\"{,\"");
    let copied = written(|w| {
        w.object(|w| {
            w.member("x", |w| w.value(items[0]));
            w.member("y", |w| w.value(items[3]));
        });
    });
    assert_eq!(copied, r#"{"x":1.50,"y":[]}"#);
}

#[test]
fn last_of_equal_members_counts() {
    let document =
        json::parse(br#"{"a":1,"b":{"c":1},"a":2,"b":{"c":3,"c":4,"d":null},"e":5,"e":null}"#).unwrap();
    let root = Node::root(&document);
    assert_eq!(root.require("a").unwrap().whole(), Ok(2));
    assert_eq!(
        (root.whole_of("a"), root.get("b").unwrap().whole_of("c")),
        (Some(2), Some(4))
    );
    assert_eq!(root.keys().unwrap(), ["a", "b", "e"]);
    assert_eq!(root.require("e").unwrap_err().to_string(), "e: missing");
    assert_eq!(
        root.as_members().unwrap().map(|(key, _)| key).collect::<Vec<_>>(),
        ["a", "b", "a", "b", "e", "e"]
    );
    assert!(root.get("b").unwrap().get("d").is_none());
}

#[test]
fn accessors_match_the_type_only() {
    let document = json::parse(br#"[null,true,false,0,"",[],{},"null"]"#).unwrap();
    let items: Vec<_> = Node::root(&document).items().unwrap().collect();
    let seen = |node: &Node<'_>| {
        let found = (
            node.flag().ok(),
            node.as_text().map(str::to_owned),
            node.as_items().map(Iterator::count),
        );
        (
            found,
            node.as_members().map(Iterator::count),
            node.whole().ok(),
            node.number().ok(),
        )
    };
    let nothing = ((None, None, None), None, None, None);
    assert_eq!(seen(&items[0]), nothing);
    assert_eq!(seen(&items[1]), ((Some(true), None, None), None, None, None));
    assert_eq!(seen(&items[2]), ((Some(false), None, None), None, None, None));
    assert_eq!(seen(&items[3]), ((None, None, None), None, Some(0), Some(0.0)));
    assert_eq!(
        seen(&items[4]),
        ((None, Some(String::new()), None), None, None, None)
    );
    assert_eq!(seen(&items[5]), ((None, None, Some(0)), None, None, None));
    assert_eq!(seen(&items[6]), ((None, None, None), Some(0), None, None));
    assert_eq!(
        seen(&items[7]),
        ((None, Some("null".to_owned()), None), None, None, None)
    );
    assert_eq!(
        items.iter().map(|item| item.object().is_ok()).collect::<Vec<_>>(),
        [false, false, false, false, false, false, true, false]
    );
}

#[test]
fn absent_elements_are_not_taken_from_neighbours() {
    // In normal form a string directly follows each of these.
    let document = json::parse(br#"[[],"a",{},"b",[1],"c",{"d":2},"e"]"#).unwrap();
    for item in Node::root(&document).items().unwrap() {
        assert!(item.get("a").is_none() && item.get("b").is_none() && item.get("e").is_none());
        assert!(
            item.as_items()
                .into_iter()
                .flatten()
                .all(|inner| inner.as_text().is_none())
        );
    }
}

#[test]
fn long_strings_are_found_in_any_order() {
    let texts = [4095, 4096, 4097, 20_000].map(|length| "x\"\n".repeat(length / 3 + 1));
    let object = written(|w| {
        w.object(|w| {
            texts
                .iter()
                .enumerate()
                .for_each(|(at, text)| w.text_member(&at.to_string(), text));
        });
    });
    assert_eq!(serde_json::from_str::<Value>(&object).unwrap()["3"], texts[3]);
    let document = json::parse(object.as_bytes()).unwrap();
    let root = Node::root(&document);
    for at in [3, 0, 1, 1, 2, 0, 3, 3, 2, 1] {
        assert_eq!(root.text_of(&at.to_string()), Some(texts[at].as_str()));
    }
    let whole = json::parse(written(|w| w.text(&texts[3])).as_bytes()).unwrap();
    assert_eq!(Node::root(&whole).as_text(), Some(texts[3].as_str()));
}

#[test]
fn error_names_the_path() {
    let document =
        json::parse(br#"{"x":{"y,}]":[1]},"a":[{"b":"[,"},{"b":2,"c":{"d":[[],[true,{}]]}}]}"#).unwrap();
    let root = Node::root(&document);
    let found = |node: Node<'_>| node.error("no").to_string();
    assert_eq!(found(root), "no");
    let second = root.get("a").unwrap().items().unwrap().nth(1).unwrap();
    assert_eq!(found(second), "a.1: no");
    assert_eq!(found(second.get("b").unwrap()), "a.1.b: no");
    let lists = second.get("c").unwrap().get("d").unwrap();
    let inner: Vec<_> = lists.items().unwrap().collect();
    assert_eq!(
        inner[1].items().unwrap().map(found).collect::<Vec<_>>(),
        ["a.1.c.d.1.0: no", "a.1.c.d.1.1: no"]
    );
    assert_eq!(
        inner[0].text().unwrap_err().to_string(),
        "a.1.c.d.0: expected a string, found an array"
    );
    assert_eq!(second.require("z").unwrap_err().to_string(), "a.1.z: missing");
    assert_eq!(root.require("z").unwrap_err().to_string(), "z: missing");
    let odd = root
        .get("x")
        .unwrap()
        .get("y,}]")
        .unwrap()
        .items()
        .unwrap()
        .next()
        .unwrap();
    assert_eq!(found(odd), "x.y,}].0: no");
}

#[test]
fn error_names_the_found_type() {
    let document = json::parse(br#"[null,true,false,-1,2.5,"x",[],{}]"#).unwrap();
    let items = || Node::root(&document).items().unwrap();
    let words: Vec<_> = items()
        .filter_map(|item| item.whole().err())
        .map(|error| error.to_string())
        .collect();
    let expected = [
        "null",
        "a boolean",
        "a boolean",
        "a number",
        "a number",
        "a string",
        "an array",
        "an object",
    ]
    .iter()
    .enumerate()
    .map(|(index, found)| format!("{index}: expected a whole number, found {found}"));
    assert_eq!(words, expected.collect::<Vec<_>>());
    let error = |read: fn(Node<'_>) -> Option<JsonError>| read(items().next().unwrap()).unwrap().to_string();
    assert_eq!(
        error(|node| node.flag().err()),
        "0: expected true or false, found null"
    );
    assert_eq!(
        error(|node| node.number().err()),
        "0: expected a number, found null"
    );
    assert_eq!(
        error(|node| node.text().err()),
        "0: expected a string, found null"
    );
    assert_eq!(
        error(|node| node.items().err()),
        "0: expected an array, found null"
    );
    assert_eq!(
        error(|node| node.keys().err()),
        "0: expected an object, found null"
    );
    assert_eq!(
        error(|node| node.object().err()),
        "0: expected an object, found null"
    );
    assert_eq!(
        error(|node| node.require("a").err()),
        "0: expected an object, found null"
    );
}

#[test]
fn reads_numbers_without_any_loss() {
    let number = |text: &str| {
        Node::root(&json::parse(text.as_bytes()).unwrap())
            .number()
            .unwrap()
    };
    for (text, value) in [
        ("0", 0.0),
        ("-0.0", 0.0),
        ("7", 7.0),
        ("-12.50", -12.5),
        ("0.7", 0.7),
        ("0.001", 0.001),
        ("1e3", 1000.0),
        ("1E+2", 100.0),
        ("15e-1", 1.5),
        ("-2.5e-2", -0.025),
        ("1e22", 1e22),
        ("123456789012345678", 123456789012345678.0),
        ("0e9999999999999", 0.0),
        ("1e-9999999999999", 0.0),
        ("1e9999999999999", f64::INFINITY),
        ("-1e400", f64::NEG_INFINITY),
    ] {
        assert_eq!(number(text), value, "{text}");
    }
    for text in [
        "98765432109876543210987654321.5",
        "0.00000000000000000000000000000123",
        "1.7e308",
        "2e-300",
    ] {
        let value: f64 = text.parse().unwrap();
        assert!(
            (number(text) / value - 1.0).abs() < 1e-13,
            "{text}: {}",
            number(text)
        );
    }
    let whole = |text: &str| Node::root(&json::parse(text.as_bytes()).unwrap()).whole().ok();
    for (text, value) in [
        ("0", Some(0)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("-1", None),
        ("-0", None),
        ("1.0", None),
        ("1e2", None),
    ] {
        assert_eq!(whole(text), value, "{text}");
    }
}

#[test]
fn skips_a_leading_byte_order_mark() {
    let document = json::parse("\u{feff} {\"a\":1}".as_bytes()).unwrap();
    assert_eq!(Node::root(&document).whole_of("a"), Some(1));
    assert_eq!(
        json::parse("\u{feff}{x".as_bytes()).unwrap_err().to_string(),
        "1:2: not JSON, key must be a string"
    );
    assert!(json::parse("\u{feff}\u{feff}1".as_bytes()).is_err());
    assert!(json::parse("[\u{feff}1]".as_bytes()).is_err());
}

#[test]
fn debug_shows_the_normal_form() {
    let document = json::parse(br#" { "a" : [ 1 , "\n" , true ] } "#).unwrap();
    assert_eq!(
        format!("{document:?}"),
        "{\u{fffd}a\u{fffd}:[1,\u{fffd}\n\u{fffd},true]}"
    );
}

#[test]
fn reading_stops_when_time_is_over() {
    let text = format!(
        r#"{{"a":[{}],"b":2}}"#,
        vec![r#"["x",{"y":1}]"#; 100_000].join(",")
    );
    let asked = Cell::new(0);
    let late_after = |times: usize| {
        asked.set(asked.get() + 1);
        asked.get() > times
    };
    let parse = |late: &dyn Fn() -> bool| json::parse_until(text.clone().into_bytes(), late).map(|_| ());
    assert_eq!(parse(&|| late_after(usize::MAX)), Ok(()));
    let strides = asked.take();
    let size = text.len();
    assert!(
        (size / 50_000..size / 5_000).contains(&strides),
        "{strides} times for {size} bytes"
    );
    let never = || late_after(usize::MAX);
    let document = json::parse_until(text.clone().into_bytes(), &never).unwrap();
    asked.take();
    assert_eq!(
        Node::root(&document)
            .require("a")
            .unwrap()
            .items()
            .unwrap()
            .count(),
        100_000
    );
    let seen = asked.take();
    assert!(
        (size / 20_000..size / 10_000).contains(&seen),
        "{seen} times while {size} bytes are read"
    );

    assert_eq!(parse(&|| late_after(0)).unwrap_err().fault(), &JsonFault::Late);
    assert_eq!(asked.take(), 1);
    assert_eq!(
        JsonError::from(JsonFault::Late).to_string(),
        "reading it takes too long"
    );

    // Late only after it was parsed: values read after that are discarded.
    let late = || late_after(strides);
    let document = json::parse_until(text.clone().into_bytes(), &late).unwrap();
    let root = Node::root(&document);
    let in_time: Result<(), JsonError> = document.finish(Ok(()));
    assert_eq!(in_time, Ok(()));
    assert!(root.get("b").is_none(), "the search for it was given up");
    let mut items = root.require("a").unwrap().items().unwrap();
    assert!(
        items.next().is_some() && items.next().is_none(),
        "and so was the way to the next one"
    );
    assert!(items.next().is_none(), "there is no way behind the end");
    let read: Result<(), JsonError> = document.finish(Ok(()));
    assert_eq!(read.unwrap_err().fault(), &JsonFault::Late);
}

proptest! {
    #[test]
    fn every_text_survives_writing_and_reading(text in any::<String>()) {
        let json = written(|w| w.text(&text));
        prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &text);
        let document = json::parse(json.as_bytes()).unwrap();
        prop_assert_eq!(Node::root(&document).text(), Ok(text.as_str()));
    }

    #[test]
    fn every_value_survives_copying(tree in tree(), pretty: bool) {
        let text = if pretty { format!("{tree:#}") } else { tree.to_string() };
        let document = json::parse(text.as_bytes()).unwrap();
        let copy = Node::root(&document).to_json().unwrap();
        prop_assert_eq!(format!("{document:?}"), format!("{:?}", json::parse(copy.as_bytes()).unwrap()));
        prop_assert!(serde_json::from_str::<Value>(&copy).is_ok(), "{}", copy);
    }

    #[test]
    fn agrees_with_serde_json_on_any_text(pieces in vec(piece(), 0..30)) {
        same(&pieces.concat());
    }

    #[test]
    fn agrees_with_serde_json_on_any_tree(tree in tree(), pretty: bool, cut in any::<prop::sample::Index>()) {
        let text = if pretty { serde_json::to_vec_pretty(&tree) } else { serde_json::to_vec(&tree) }.unwrap();
        same(&text);
        same(&text[..cut.index(text.len())]);
    }
}

#[test]
fn agrees_with_serde_json_on_every_byte() {
    for text in [
        r#"{"a":[true,"\u00e9é\n",-1.5e+3],"b":null}"#,
        r#"[[],{},"\ud83d\ude00",0,false]"#,
    ] {
        for at in 0..text.len() {
            for byte in 0..=u8::MAX {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = byte;
                same(&changed);
                changed.insert(at, text.as_bytes()[at]);
                same(&changed);
            }
            same(&[&text.as_bytes()[..at], &text.as_bytes()[at + 1..]].concat());
        }
    }
}

#[test]
fn replaces_half_a_character() {
    for (text, read) in [
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\ude00""#, "\u{fffd}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (r#""a\ud83d""#, "a\u{fffd}"),
    ] {
        let document = json::parse(text.as_bytes()).unwrap();
        assert_eq!(Node::root(&document).text(), Ok(read), "{text}");
    }
}

/// Fragments of JSON and of nearly valid JSON.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"a\":", "null", "true", "false", "nul", "0", "-", "1",
        "12", ".5", "e9", "E-", "+", " ", "\n", "\t", "\\", "\\n", "\\u", "\\ud83d", "\\ude00", "\\u00e9",
        "é", "\u{1}",
    ]);
    prop_oneof![9 => pieces.prop_map(|piece| piece.as_bytes().to_vec()), 1 => vec(any::<u8>(), 1..3)]
}

/// Any tree, with repeated keys.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 80, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((".{0,3}", inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Replaces each half of a character in an escape, which serde_json refuses, as our parser does.
fn mended(text: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
        let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
        u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        at += match (text[at], unit(at), unit(at + 6)) {
            (b'\\', Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (b'\\', Some(0xd800..0xe000), _) => {
                mended[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            (b'\\', ..) => 2,
            _ => 1,
        };
    }
    mended
}

/// Asserts that both parsers accept the text with the same value, or both reject it.
fn same(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    match (json::parse(text), serde_json::from_slice::<Value>(&mended(text))) {
        (Ok(ours), Ok(theirs)) => {
            assert!(
                means(Node::root(&ours), &theirs),
                "{shown}: {ours:?} is not {theirs}"
            )
        }
        (Err(ours), Err(_)) => assert!(
            matches!(ours.fault(), JsonFault::Syntax { .. }),
            "{shown}: {ours}"
        ),
        (Ok(_), Err(theirs)) if theirs.to_string().starts_with("number out of range") => {}
        (ours, theirs) => panic!("{shown}: {ours:?} and {theirs:?}"),
    }
}

fn means(ours: Node<'_>, theirs: &Value) -> bool {
    match theirs {
        Value::Null => ours.text().unwrap_err().to_string().ends_with("found null"),
        Value::Bool(theirs) => ours.flag() == Ok(*theirs),
        Value::String(theirs) => ours.text() == Ok(theirs),
        Value::Number(theirs) => {
            let near =
                |ours: f64, theirs: f64| (ours - theirs).abs() <= theirs.abs() * 1e-12 + f64::MIN_POSITIVE;
            ours.whole().ok() == theirs.as_u64() && near(ours.number().unwrap(), theirs.as_f64().unwrap())
        }
        Value::Array(theirs) => {
            let ours: Vec<_> = ours.items().unwrap().collect();
            ours.len() == theirs.len()
                && ours
                    .into_iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| means(ours, theirs))
        }
        Value::Object(theirs) => {
            ours.keys().unwrap().len() == theirs.len()
                && theirs.iter().all(|(key, theirs)| match ours.get(key) {
                    Some(ours) => means(ours, theirs),
                    None => theirs.is_null(),
                })
        }
    }
}

#[test]
fn escapes_control_characters_in_texts() {
    let all: String = (0..=0x7fu8).map(char::from).collect();
    let json = written(|w| w.text(&all));
    assert!(!json.bytes().any(|byte| byte < 0x20), "{json}");
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
}

#[test]
fn errors_have_line_and_column() {
    for (text, words) in [
        (&b""[..], "1:0: not JSON, the text is empty"),
        (b" \n ", "2:1: not JSON, the text ends early"),
        (b"[1,\n 2,\n x]", "3:2: not JSON, expected value"),
        (b"[1,\n\n]", "3:1: not JSON, expected value"),
        (b"{\"a\" 1}", "1:6: not JSON, expected `:`"),
        (b"{\"a\":1 2}", "1:8: not JSON, expected `,` or `}`"),
        (b"{\"a\":1]", "1:7: not JSON, expected `,` or `}`"),
        (b"[1 2]", "1:4: not JSON, expected `,` or `]`"),
        (b"[1}", "1:3: not JSON, expected `,` or `]`"),
        (b"{\"a\":1,}", "1:8: not JSON, key must be a string"),
        (b"{1:1}", "1:2: not JSON, key must be a string"),
        (b"1 2", "1:3: not JSON, trailing characters"),
        (b"{} ]", "1:4: not JSON, trailing characters"),
        (b"]", "1:1: not JSON, expected value"),
        (b"tru", "1:1: not JSON, expected value"),
        (b"-", "1:1: not JSON, invalid number"),
        (b"[1.]", "1:4: not JSON, invalid number"),
        (b"[1e+]", "1:5: not JSON, invalid number"),
        (b"[01]", "1:3: not JSON, expected `,` or `]`"),
        (b"\"a\nb\"", "1:3: not JSON, control character in a string"),
        (b"\"\\x\"", "1:2: not JSON, invalid escape"),
        (b"\"\\u12g4\"", "1:2: not JSON, invalid escape"),
        (b"\"\\u12", "1:2: not JSON, invalid escape"),
        (b"{", "1:1: not JSON, the text ends early"),
        (b"{\"a\"", "1:4: not JSON, the text ends early"),
        (b"{\"a\":", "1:5: not JSON, the text ends early"),
        (b"{\"a\":1", "1:6: not JSON, the text ends early"),
        (b"{\"a\":1,", "1:7: not JSON, the text ends early"),
        (b"\"a", "1:2: not JSON, the text ends early"),
        (b"\"\\", "1:2: not JSON, the text ends early"),
        (b"[\n\"\xff\"]", "2:2: not JSON, the text is not UTF-8"),
        (b"[\"\xc3\xa9\xc3\"]", "1:5: not JSON, the text is not UTF-8"),
        (b"\x1f\x8b", "1:1: not JSON, the text is not UTF-8"),
        (b"x\xff", "1:1: not JSON, the text is not UTF-8"),
    ] {
        assert_eq!(
            json::parse(text).unwrap_err().to_string(),
            words,
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn refuses_nesting_beyond_the_limit() {
    let nested = |depth| ["[".repeat(depth), "]".repeat(depth)].concat();
    assert!(json::parse(nested(127).as_bytes()).is_ok());
    let words = json::parse(nested(10_000).as_bytes()).unwrap_err().to_string();
    assert_eq!(words, "1:128: not JSON, recursion limit exceeded");
    let objects = |depth| ["{\"a\":".repeat(depth), "1".to_owned(), "}".repeat(depth)].concat();
    assert!(json::parse(objects(127).as_bytes()).is_ok() && json::parse(objects(128).as_bytes()).is_err());
    // Closed arrays and objects do not count.
    let mixed = format!("[{},{}]", nested(126), objects(126));
    let document = json::parse(mixed.as_bytes()).unwrap();
    let mut node = Node::root(&document).items().unwrap().nth(1).unwrap();
    for _ in 0..126 {
        node = node.get("a").unwrap();
    }
    assert_eq!(node.whole(), Ok(1));
    assert_eq!(node.error("").to_string().split('.').count(), 127);
}
