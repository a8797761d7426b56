//! Conversations that the gateway keeps.

use crate::client::{Ask, events};
use crate::lab::{Lab, Plan};
use crate::upstream::HeldProvider;
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
    let lab = Plan::held(&HeldProvider::new()).start();
    let mut answer = lab.say_in("left", "one", true);
    answer.some_events();
    drop(answer);
    let stored = lab.session("left", |session| session["messages"][1]["incomplete"] == true);
    assert_eq!(stored["messages"][1]["content"], HeldProvider::FIRST);
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

/// The members of the last events that say whether the turn is kept.
fn kept(stream: &str) -> Vec<Value> {
    let events = events(stream);
    let event = |event: &&str| serde_json::from_str::<Value>(event).ok().map(|event| event["clawft"].clone());
    events.iter().filter_map(event).filter(|kept| !kept.is_null()).collect()
}

#[test]
fn clients_are_told_that_a_turn_is_stored() {
    let lab = Lab::new("ok");
    let whole = lab.say_in("talk", "one", false);
    assert_eq!((whole.status, whole.header("x-clawft-stored")), (200, Some("true")));
    assert_eq!(kept(&lab.say_in("talk", "two", true).text()), [json!({ "stored": true })]);
    assert_eq!(lab.say("three", false).header("x-clawft-stored"), None);
    assert!(kept(&lab.say("four", true).text()).is_empty(), "it belongs to no session");
}

#[test]
fn a_session_that_is_deleted_during_a_turn_stays_deleted() {
    for begun in [false, true] {
        let held = HeldProvider::new();
        let lab = Plan::held(&held).start();
        if begun {
            let session = json!({ "version": 1, "id": "gone", "messages": [
                { "role": "user", "content": "whisper" }, { "role": "assistant", "content": "whisper" },
            ] });
            std::fs::create_dir(lab.file("sessions")).expect("a directory");
            std::fs::write(lab.file("sessions/gone.json"), session.to_string()).expect("a session");
        }
        let mut streamed = lab.say_in("gone", "one", true);
        streamed.some_events();
        let told = std::thread::scope(|scope| {
            let whole = scope.spawn(|| {
                let answer = lab.say_in("gone", "two", false);
                (answer.status, answer.header("x-clawft-stored").map(str::to_owned))
            });
            held.wait_for(2);
            let deleted = lab.send(Ask::delete("/v1/sessions/gone"));
            assert_eq!((deleted.status, &deleted.json()["deleted"]), (200, &json!(true)));
            held.release();
            whole.join().expect("an answer")
        });
        assert_eq!(told, (200, Some("false".to_owned())));
        let text = streamed.text();
        assert_eq!(kept(&text), [json!({ "stored": false, "reason": "deleted" })], "{text}");
        assert!(text.contains(HeldProvider::REST) && text.contains("[DONE]"), "the answer is whole");
        assert!(!lab.file("sessions/gone.json").exists());
        assert_eq!(lab.send(Ask::get("/v1/sessions/gone")).status, 404);
        assert_eq!(lab.send(Ask::delete("/v1/sessions/gone")).status, 404);

        assert_eq!(lab.say_in("gone", "three", false).header("x-clawft-stored"), Some("true"), "a new one");
        assert_eq!(lab.session("gone", |_| true)["messages"].as_array().map(Vec::len), Some(2));
    }
}

#[test]
fn clients_are_told_that_a_turn_cannot_be_stored_and_not_where() {
    let held = HeldProvider::new();
    let lab = Plan::held(&held).start();
    let mut answer = lab.say_in("talk", "one", true);
    answer.some_events();
    std::fs::write(lab.file("sessions"), "in the way of the directory").expect("a file");
    held.release();
    let text = answer.text();
    assert_eq!(kept(&text), [json!({ "stored": false, "reason": "storage" })], "{text}");
    assert!(!text.contains(lab.file("").to_str().expect("a path")), "{text}");
    lab.logged("the answer is not stored, ");
}
