//! Conversations that the gateway keeps.

use crate::client::Ask;
use crate::lab::Lab;
use serde_json::{Value, json};

#[test]
fn a_session_is_continued_listed_and_read() {
    let lab = Lab::new("ok");
    for (text, stream) in [("one", false), ("two", true)] {
        let answer = lab.say_in("talk", text, stream);
        assert_eq!(answer.status, 200);
        answer.text();
    }
    let requests = lab.received();
    let second: Value = serde_json::from_str(&requests[1].body).expect("JSON");
    let said: Vec<_> =
        second["messages"].as_array().expect("messages").iter().map(|message| &message["content"]).collect();
    assert_eq!(said, ["whisper one", "echo: whisper one", "whisper two"]);

    let list = lab.send(Ask::get("/v1/sessions")).json();
    assert_eq!((&list["data"][0]["id"], &list["data"][0]["title"]), (&json!("talk"), &json!("whisper one")));
    let read = lab.send(Ask::get("/v1/sessions/talk")).json();
    assert_eq!(read["messages"][3], json!({ "role": "assistant", "content": "echo: whisper two" }));
}

#[test]
fn several_at_once_in_one_session_lose_no_turn() {
    let lab = Lab::new("slow");
    std::thread::scope(|scope| {
        for text in ["a", "b", "c"] {
            scope.spawn(|| assert_eq!(lab.say_in("busy", text, false).status, 200));
        }
    });
    let stored = lab.session("busy", |_| true);
    assert_eq!(stored["messages"].as_array().map(Vec::len), Some(6), "{stored}");
}

#[test]
fn what_arrived_is_kept_when_the_client_goes() {
    let lab = Lab::new("stream-slow");
    let mut answer = lab.say_in("left", "one two three four five six", true);
    answer.some_events();
    answer.some_events();
    drop(answer);
    let stored = lab.session("left", |session| session["messages"][1]["incomplete"] == true);
    let text = stored["messages"][1]["content"].as_str().expect("a text");
    assert!(text.starts_with("echo: ") && !text.contains("six"), "{text}");
    let line = lab.logged("\"aborted\":true");
    assert!(line.contains("/v1/chat/completions"), "{line}");
}

#[test]
fn a_client_that_goes_before_the_answer_leaves_nothing_behind() {
    let lab = Lab::new("silent");
    let address = lab.address;
    let gone = std::thread::spawn(move || {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(address).expect("a gateway");
        let body = r#"{"messages":[{"role":"user","content":"whisper"}]}"#;
        let head =
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).expect("a request");
        std::thread::sleep(std::time::Duration::from_millis(300));
    });
    gone.join().expect("a client");
    assert!(lab.logged("\"status\":499").contains("\"aborted\":true"));
    let until_idle = |_| lab.send(Ask::get("/metrics")).text().contains("clawft_upstream_in_flight 0");
    assert!((0..100).any(|attempt| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        until_idle(attempt)
    }));
}
