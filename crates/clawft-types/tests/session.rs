//! Session files and session ids.

use clawft_types::{
    AnsweredCall, Message, Reasoning, Role, Session, SessionId, ToolCall, ToolResult, session::Chunks,
};
use serde_json::{Value, json};

fn error(text: &str) -> String {
    Session::parse(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn session_file_is_one_json_line() {
    let mut session = Session::default();
    session.messages.push(Message::new(Role::User, "say \"hi\""));
    session.messages.push(Message::new(Role::Assistant, "hi\n"));
    let json = concat!(
        r#"{"version":1,"id":"default","messages":[{"role":"user","content":"say \"hi\""},"#,
        r#"{"role":"assistant","content":"hi\n"}]}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(session.to_json()).unwrap(), json);
    assert_eq!(Session::parse(json.as_bytes()), Ok(session));
}

#[test]
fn marks_an_incomplete_answer() {
    let mut session = Session::default();
    session.messages.push(Message {
        incomplete: true,
        ..Message::new(Role::Assistant, "Hel")
    });
    let json =
        r#"{"version":1,"id":"default","messages":[{"role":"assistant","content":"Hel","incomplete":true}]}"#;
    assert_eq!(String::from_utf8(session.to_json()).unwrap().trim_end(), json);
    assert_eq!(Session::parse(json.as_bytes()), Ok(session));
    let complete = json.replace("true", "false");
    assert!(!Session::parse(complete.as_bytes()).unwrap().messages[0].incomplete);
    assert_eq!(
        error(&json.replace("true", "1")),
        "damaged session: messages.0.incomplete: expected true or false, found a number"
    );
}

#[test]
fn calls_and_results_make_it_version_2() {
    let mut session = Session::default();
    session.messages.push(Message {
        calls: vec![ToolCall {
            id: "c1".to_owned(),
            name: "read_file".to_owned(),
            arguments: r#"{"path":"a"}"#.to_owned(),
            extra: String::new(),
        }],
        ..Message::new(Role::Assistant, "")
    });
    session.messages.push(Message::from(ToolResult {
        id: "c1".to_owned(),
        content: "not there".to_owned(),
        is_error: true,
    }));
    let json = concat!(
        r#"{"version":2,"id":"default","messages":[{"role":"assistant","content":"","#,
        r#""tool_calls":[{"id":"c1","name":"read_file","arguments":"{\"path\":\"a\"}"}]},"#,
        r#"{"role":"tool","content":"not there","tool_call_id":"c1","is_error":true}]}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(session.to_json()).unwrap(), json);
    assert_eq!(Session::parse(json.as_bytes()), Ok(session));
    assert_eq!(
        error(&json.replace("tool_call_id", "id")),
        "damaged session: messages.1.tool_call_id: missing"
    );
}

#[test]
fn error_names_the_damage() {
    for (file, message) in [
        ("", "damaged session: 1:0: not JSON, the text is empty"),
        (
            "{\"version\":1,",
            "damaged session: 1:13: not JSON, the text ends early",
        ),
        ("{}", "damaged session: version: missing"),
        (r#"{"version":0}"#, "damaged session: version: expected 1 or more"),
        (r#"{"version":1}"#, "damaged session: id: missing"),
        (r#"{"version":1,"id":"a"}"#, "damaged session: messages: missing"),
        (
            r#"{"version":1,"id":"a","messages":[{"role":"user"}]}"#,
            "damaged session: messages.0.content: missing",
        ),
        (
            r#"{"version":1,"id":"a","messages":[{"role":"x","content":""}]}"#,
            "damaged session: messages.0.role: unknown role, expected `system`, `user`, `assistant` or `tool`",
        ),
    ] {
        assert_eq!(error(file), message, "{file}");
    }
    let newest = clawft_types::session::VERSION;
    assert_eq!(
        error(&format!("{{\"version\":{}}}", newest + 1)),
        format!(
            "session version {} is newer than this program reads ({newest})",
            newest + 1
        )
    );
    assert!(error(r#"{"version":1,"id":"../x","messages":[]}"#).contains("id: `../x` is not a session id"));
    assert!(Session::parse(b"{\"version\":1,\"id\":\"a\xff\",\"messages\":[]}").is_err());
}

#[test]
fn accepts_ids_that_are_file_names_only() {
    for id in ["default", "a", "A-1_b.c", "-x", "a..b", &"x".repeat(64)] {
        let parsed: SessionId = id.parse().unwrap();
        assert_eq!((parsed.as_str(), parsed.to_string().as_str()), (id, id));
    }
    for id in [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "/a",
        "a\0b",
        "a b",
        "ä",
        "a\n",
        "C:x",
        &"x".repeat(65),
    ] {
        let error = id.parse::<SessionId>().unwrap_err().to_string();
        assert!(error.contains("1 to 64 of the characters"), "{error}");
        assert!(!error.contains(char::is_control) && error.len() < 300, "{error}");
    }
}

#[test]
fn long_session_is_written_in_chunks() {
    let message = |role, text: &str| Message::new(role, text);
    let known = vec![
        message(Role::User, &"é\n".repeat(50_000)),
        message(Role::Assistant, ""),
    ];
    let broken = Message {
        incomplete: true,
        ..message(Role::Assistant, "\"")
    };
    let more = [vec![message(Role::System, "x"); 3000], vec![broken]].concat();
    let id: SessionId = "long".parse().unwrap();
    let chunks: Vec<_> = Chunks::new(&id, &known, &more).collect();
    let (last, all_but_last) = chunks.split_last().unwrap();
    assert!(
        all_but_last.len() > 10 && !last.is_empty(),
        "{} chunks",
        chunks.len()
    );
    // A text is written in steps of 16 KB, of which every third byte is escaped here.
    assert!(
        all_but_last
            .iter()
            .all(|chunk| (16 * 1024..48 * 1024).contains(&chunk.len()))
    );

    let bytes = chunks.concat();
    let session = Session {
        id,
        messages: [known, more].concat(),
    };
    assert_eq!(session.to_json(), bytes);
    assert_eq!(
        bytes.strip_suffix(b"\n").map(|line| line.contains(&b'\n')),
        Some(false),
        "one line"
    );
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    let messages: Vec<_> = session
        .messages
        .iter()
        .map(|message| match message.incomplete {
            true => json!({"role": message.role.as_str(), "content": message.content, "incomplete": true}),
            false => json!({"role": message.role.as_str(), "content": message.content}),
        })
        .collect();
    assert_eq!(written, json!({"version": 1, "id": "long", "messages": messages}));
    assert_eq!(Session::parse(&bytes), Ok(session));
}

#[test]
fn every_long_text_is_written_in_chunks() {
    let text = |name: &str| format!("{name}é\"").repeat(20_000);
    let block = |redacted: bool| Reasoning {
        text: if redacted { String::new() } else { text("thought") },
        signature: text("signature"),
        redacted,
    };
    let call = || ToolCall {
        id: text("id"),
        name: text("name"),
        arguments: text("arguments"),
        extra: String::new(),
    };
    let full = Message {
        finish_reason: Some(text("reason")),
        reasoning: vec![block(false), block(true)],
        calls: vec![call(), call()],
        ..Message::new(Role::Assistant, "")
    };
    for message in [
        Message {
            reasoning: Vec::new(),
            ..full.clone()
        },
        Message {
            calls: Vec::new(),
            ..full.clone()
        },
        full,
        Message {
            answered: Some(AnsweredCall {
                id: text("id"),
                is_error: true,
            }),
            ..Message::new(Role::Tool, "no")
        },
    ] {
        let messages = [message.clone(), message];
        let chunks: Vec<_> = Chunks::new(&SessionId::default(), &messages, &[]).collect();
        assert!(chunks.iter().all(|chunk| chunk.len() < 48 * 1024));
        let session = Session {
            id: SessionId::default(),
            messages: messages.into(),
        };
        assert_eq!(Session::parse(&chunks.concat()), Ok(session));
    }
}

#[test]
fn session_without_messages_is_one_chunk() {
    let id = SessionId::default();
    let chunks: Vec<_> = Chunks::new(&id, &[], &[]).collect();
    assert_eq!(chunks, [b"{\"version\":1,\"id\":\"default\",\"messages\":[]}\n"]);
}

#[test]
fn keeps_finish_reason_and_reasoning() {
    let text = concat!(
        r#"{"version":1,"id":"default","messages":[{"role":"assistant","content":"Hel","finish_reason":"length","#,
        r#""reasoning":[{"type":"thinking","thinking":"h\"m","signature":"c2ln"},"#,
        r#"{"type":"redacted_thinking","data":"ZGF0YQ=="},{"type":"thinking","thinking":"x"}]}]}"#,
        "\n"
    );
    let session = Session::parse(text.as_bytes()).unwrap();
    let answer = &session.messages[0];
    assert_eq!(answer.finish_reason.as_deref(), Some("length"));
    assert_eq!(answer.reasoning.len(), 3);
    assert_eq!(answer.reasoning[0].text, "h\"m");
    assert_eq!(String::from_utf8(session.to_json()).unwrap(), text);
}

#[test]
fn ignores_reasoning_of_another_form() {
    let text = r#"{"version":1,"id":"a","messages":[{"role":"assistant","content":"","reasoning":"hm"},
        {"role":"assistant","content":"","reasoning":[3,{"type":"other"}],"finish_reason":7}]}"#;
    let session = Session::parse(text.as_bytes()).unwrap();
    assert!(
        session
            .messages
            .iter()
            .all(|message| message.reasoning.is_empty())
    );
}
