//! Forms of a user's message.

use clawft_types::{Input, Message, Role};

fn text(line: &str) -> Result<String, String> {
    Input::parse(line)
        .map(|input| input.text().to_owned())
        .map_err(|error| error.to_string())
}

#[test]
fn keeps_plain_text_unchanged() {
    assert_eq!(text("hello\n").unwrap(), "hello");
    assert_eq!(text("hello\r\n").unwrap(), "hello");
    assert_eq!(text("  two\nlines ").unwrap(), "  two\nlines ");
}

#[test]
fn unwraps_a_json_message() {
    assert_eq!(text(r#"{"role":"user","content":"hi"}"#).unwrap(), "hi");
    assert_eq!(text("  {\"content\":\"hi\\n\"}\n").unwrap(), "hi\n");
    let input = Input::parse(r#"{"role":"user","content":"hi"}"#).unwrap();
    assert_eq!(input.into_message(), Message::new(Role::User, "hi"));
}

#[test]
fn message_can_choose_to_stream() {
    for (line, stream) in [
        ("hi", None),
        (r#"{"content":"hi"}"#, None),
        (r#"{"content":"hi","stream":null}"#, None),
        (r#"{"content":"hi","stream":true}"#, Some(true)),
        (r#"{"stream":false,"content":"hi"}"#, Some(false)),
    ] {
        let input = Input::parse(line).unwrap();
        assert_eq!((input.stream(), input.text()), (stream, "hi"), "{line}");
    }
    assert_eq!(
        text(r#"{"content":"hi","stream":"yes"}"#).unwrap_err(),
        "the message is not usable: stream: expected true or false, found a string"
    );
}

#[test]
fn near_json_is_plain_text() {
    for line in [
        "{",
        "{x}",
        "{}",
        r#"{"role":"user"}"#,
        r#"{"content":null}"#,
        "[1]",
        "\"x\"",
        r#"{"content":"x"} y"#,
    ] {
        assert_eq!(text(line).unwrap(), line);
    }
}

#[test]
fn refuses_other_roles_and_types() {
    for (line, error) in [
        (
            r#"{"role":"system","content":"x"}"#,
            "the message is not usable: role: expected `user`",
        ),
        (
            r#"{"role":3,"content":"x"}"#,
            "the message is not usable: role: expected a string, found a number",
        ),
        (
            r#"{"content":[]}"#,
            "the message is not usable: content: expected a string, found an array",
        ),
    ] {
        assert_eq!(text(line).unwrap_err(), error);
    }
}

#[test]
fn refuses_an_empty_message() {
    for line in ["", "\n", " \t\r\n", r#"{"content":""}"#, r#"{"content":" "}"#] {
        assert!(
            text(line).unwrap_err().starts_with("the message is empty"),
            "{line}"
        );
    }
}
