//! Conversations that the gateway stores.

use serde_json::{Value, json};

use crate::{
    client::{Request, events, said},
    context::{GatewayOptions, TestContext, message},
    upstream::{GivenProvider, HeldProvider},
};

#[test]
fn continues_lists_and_reads_session() {
    let context = TestContext::new("ok");
    for (text, stream) in [("one", false), ("two", true)] {
        let answer = context.say_in("talk", text, stream);
        assert_eq!(answer.status, 200);
        answer.text();
    }
    let requests = context.received();
    let second: Value = serde_json::from_str(&requests[1].body).expect("JSON");
    let said: Vec<_> = second["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| &message["content"])
        .collect();
    assert_eq!(said, ["whisper one", "echo: whisper one", "whisper two"]);

    let list = context.send(Request::get("/v1/sessions")).json();
    assert_eq!(
        (&list["data"][0]["id"], &list["data"][0]["title"]),
        (&json!("talk"), &json!("whisper one"))
    );
    let read = context.send(Request::get("/v1/sessions/talk")).json();
    assert_eq!(
        read["messages"][3],
        json!({ "role": "assistant", "content": "echo: whisper two" })
    );
}

#[test]
fn request_names_one_session() {
    let context = TestContext::new("ok");
    let request = Request::chat(&message("x", false)).header("x-clawft-session", "one");
    assert_eq!(
        context.send(request.header("x-clawft-session", "two")).status,
        400
    );
}

#[test]
fn simultaneous_turns_of_session_are_all_stored() {
    let context = TestContext::new("slow");
    std::thread::scope(|scope| {
        for text in ["a", "b", "c"] {
            scope.spawn(|| assert_eq!(context.say_in("busy", text, false).status, 200));
        }
    });
    let stored = context.session("busy", |_| true);
    assert_eq!(stored["messages"].as_array().map(Vec::len), Some(6), "{stored}");
}

#[test]
fn stores_received_part_when_client_disconnects() {
    let context = GatewayOptions::held(&HeldProvider::new()).start();
    let mut answer = context.say_in("left", "one", true);
    answer.some_events();
    drop(answer);
    let stored = context.session("left", |session| session["messages"][1]["incomplete"] == true);
    assert_eq!(stored["messages"][1]["content"], HeldProvider::FIRST);
    let line = context.logged("\"aborted\":true");
    assert!(line.contains("/v1/chat/completions"), "{line}");
}

#[test]
fn client_gone_before_answer_leaves_nothing() {
    let context = TestContext::new("silent");
    let address = context.address;
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
    assert!(context.logged("\"status\":499").contains("\"aborted\":true"));
    let until_idle = |_| {
        context
            .send(Request::get("/metrics"))
            .text()
            .contains("clawft_upstream_in_flight 0")
    };
    assert!((0..100).any(|attempt| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        until_idle(attempt)
    }));
}

/// Returns the members of the last events that tell whether the turn is stored.
fn kept(stream: &str) -> Vec<Value> {
    let events = events(stream);
    let event = |event: &&str| {
        serde_json::from_str::<Value>(event)
            .ok()
            .map(|event| event["clawft"].clone())
    };
    events
        .iter()
        .filter_map(event)
        .filter(|kept| !kept.is_null())
        .collect()
}

#[test]
fn tells_clients_that_turn_is_stored() {
    let context = TestContext::new("ok");
    let whole = context.say_in("talk", "one", false);
    assert_eq!(
        (whole.status, whole.header("x-clawft-stored")),
        (200, Some("true"))
    );
    assert_eq!(
        kept(&context.say_in("talk", "two", true).text()),
        [json!({ "stored": true })]
    );
    assert_eq!(context.say("three", false).header("x-clawft-stored"), None);
    assert!(
        kept(&context.say("four", true).text()).is_empty(),
        "it belongs to no session"
    );
}

#[test]
fn session_deleted_during_turn_stays_deleted() {
    for begun in [false, true] {
        let held = HeldProvider::new();
        let context = GatewayOptions::held(&held).start();
        if begun {
            let session = json!({ "version": 1, "id": "gone", "messages": [
                { "role": "user", "content": "whisper" }, { "role": "assistant", "content": "whisper" },
            ] });
            std::fs::create_dir(context.file("sessions")).expect("a directory");
            std::fs::write(context.file("sessions/gone.json"), session.to_string()).expect("a session");
        }
        let mut streamed = context.say_in("gone", "one", true);
        streamed.some_events();
        let told = std::thread::scope(|scope| {
            let whole = scope.spawn(|| {
                let answer = context.say_in("gone", "two", false);
                (answer.status, answer.header("x-clawft-stored").map(str::to_owned))
            });
            held.wait_for(2);
            let deleted = context.send(Request::delete("/v1/sessions/gone"));
            assert_eq!((deleted.status, &deleted.json()["deleted"]), (200, &json!(true)));
            held.release();
            whole.join().expect("an answer")
        });
        assert_eq!(told, (200, Some("false".to_owned())));
        let text = streamed.text();
        assert_eq!(
            kept(&text),
            [json!({ "stored": false, "reason": "deleted" })],
            "{text}"
        );
        assert!(
            text.contains(HeldProvider::REST) && text.contains("[DONE]"),
            "the answer is whole"
        );
        assert!(!context.file("sessions/gone.json").exists());
        assert_eq!(context.send(Request::get("/v1/sessions/gone")).status, 404);
        assert_eq!(context.send(Request::delete("/v1/sessions/gone")).status, 404);

        assert_eq!(
            context.say_in("gone", "three", false).header("x-clawft-stored"),
            Some("true"),
            "a new one"
        );
        assert_eq!(
            context.session("gone", |_| true)["messages"]
                .as_array()
                .map(Vec::len),
            Some(2)
        );
    }
}

#[test]
fn tells_clients_why_turn_is_not_stored() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held).start();
    let mut answer = context.say_in("talk", "one", true);
    answer.some_events();
    std::fs::write(context.file("sessions"), "in the way of the directory").expect("a file");
    held.release();
    let text = answer.text();
    assert_eq!(
        kept(&text),
        [json!({ "stored": false, "reason": "storage" })],
        "{text}"
    );
    assert!(
        !text.contains(context.file("").to_str().expect("a path")),
        "{text}"
    );
    context.logged("the answer is not stored, ");
}

fn titles(context: &TestContext) -> Vec<String> {
    let list = context.send(Request::get("/v1/sessions")).json();
    let title = |session: &Value| session["title"].as_str().unwrap_or_default().to_owned();
    list["data"].as_array().into_iter().flatten().map(title).collect()
}

#[test]
fn session_gets_title_until_it_is_deleted() {
    let context = TestContext::new("ok");
    context.say_in("talk", "one", false).text();
    let rename = |title: &str| {
        context
            .send(Request::patch("/v1/sessions/talk", &json!({ "title": title })))
            .status
    };
    assert_eq!(rename("  A title\nand more"), 200);
    assert_eq!(titles(&context), ["A title"]);
    context.say_in("talk", "two", false).text();
    assert_eq!(titles(&context), ["A title"], "it outlives the next turn");
    assert_eq!(rename(""), 200);
    assert_eq!(titles(&context), ["whisper one"]);
    assert_eq!(rename("B"), 200);
    assert_eq!(context.send(Request::delete("/v1/sessions/talk")).status, 200);
    assert_eq!(rename("C"), 404, "it is gone");
    context.say_in("talk", "three", false).text();
    assert_eq!(titles(&context), ["whisper three"]);
    assert_eq!(
        context
            .send(Request::patch("/v1/sessions/talk", &json!({ "id": "x" })))
            .status,
        400
    );
}

#[test]
fn last_messages_of_session_are_removed() {
    let context = TestContext::new("ok");
    for text in ["one", "two"] {
        context.say_in("talk", text, false).text();
    }
    let change = Request::patch("/v1/sessions/talk", &json!({ "messages": 2 }));
    assert_eq!(context.send(change).status, 200);
    context.say_in("talk", "three", false).text();
    let stored = context.session("talk", |_| true);
    let said: Vec<_> = stored["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| &message["content"])
        .collect();
    assert_eq!(
        said,
        [
            "whisper one",
            "echo: whisper one",
            "whisper three",
            "echo: whisper three"
        ]
    );
}

#[test]
fn sessions_are_found_by_their_text() {
    let context = TestContext::new("ok");
    for (id, text) in [
        ("a", "Which APPLES?"),
        ("b", "pears, \"ripe\""),
        ("c", "apples and pears"),
    ] {
        context.say_in(id, text, false).text();
    }
    let change = Request::patch("/v1/sessions/b", &json!({ "title": "Fruit" }));
    assert_eq!(context.send(change).status, 200);
    let found = |search: &str| -> Vec<(String, String)> {
        let list = context
            .send(Request::get(&format!("/v1/sessions?search={search}")))
            .json();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let mut found: Vec<_> = list["data"]
            .as_array()
            .expect("sessions")
            .iter()
            .map(|session| (text(&session["id"]), text(&session["excerpt"])))
            .collect();
        found.sort();
        found
    };
    let ids = |search: &str| found(search).into_iter().map(|(id, _)| id).collect::<String>();
    for (search, expected) in [
        ("apples", "ac"),
        ("Apples+PEARS", "c"),
        ("fruit%20pears", "b"),
        ("%22ripe%22", "b"),
        ("assistant", ""),
        ("+", "abc"),
    ] {
        if search == "+" {
            let list = context.send(Request::get("/v1/sessions?search=+")).json();
            assert_eq!(
                list["data"].as_array().map(Vec::len),
                Some(3),
                "nothing is no search"
            );
        } else {
            assert_eq!(ids(search), expected, "{search}");
        }
    }
    assert_eq!(
        found("which"),
        [("a".to_owned(), "whisper Which APPLES?".to_owned())]
    );
    let long = Request::get(&format!("/v1/sessions?search={}", "x".repeat(500)));
    assert_eq!(context.send(long).status, 400);
}

/// Returns a request in the session `talk` whose answer takes the place of all messages after the first `keep`.
fn again(text: &str, keep: &str) -> Request {
    Request::chat(&message(text, false))
        .header("x-clawft-session", "talk")
        .header("x-clawft-keep", keep)
}

#[test]
fn replaced_answer_stays_until_there_is_another_one() {
    let answer = |text: &str| {
        let choice = json!({ "index": 0, "message": { "content": text }, "finish_reason": "stop" });
        GivenProvider::answer(200, "", &json!({ "choices": [choice] }).to_string())
    };
    let given = GivenProvider::new(vec![
        vec![answer("one")],
        vec![answer("two")],
        vec![GivenProvider::answer(400, "", r#"{"error":{"message":"no"}}"#)],
        vec![answer("three")],
    ]);
    let context = GatewayOptions::given(&given).start();
    let said = || -> Vec<String> {
        let read = context.send(Request::get("/v1/sessions/talk")).json();
        let messages = read["messages"].as_array().expect("messages").iter();
        messages
            .map(|message| message["content"].as_str().expect("a text").to_owned())
            .collect()
    };
    for text in ["1", "2"] {
        context.say_in("talk", text, false).text();
    }
    let before = ["whisper 1", "one", "whisper 2", "two"];
    assert_eq!(said(), before);
    assert_eq!(
        context.send(again("3", "2")).status,
        400,
        "the provider refuses it"
    );
    assert_eq!(said(), before, "nothing is lost");
    let replaced = context.send(again("3", "2"));
    assert_eq!(
        (replaced.status, replaced.header("x-clawft-stored")),
        (200, Some("true"))
    );
    assert_eq!(said(), ["whisper 1", "one", "whisper 3", "three"]);
    let request: Value = serde_json::from_str(&given.sent()[3].body).expect("JSON");
    assert_eq!(request["messages"].as_array().map(Vec::len), Some(3), "{request}");
    for keep in ["-1", "x", ""] {
        assert_eq!(context.send(again("4", keep)).status, 400, "{keep}");
    }
}

#[test]
fn answer_is_not_replaced_while_another_is_made() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held).start();
    ask_and_leave(&context);
    assert_eq!(context.send(again("two", "0")).status, 409);
    held.release();
    context.session("talk", |_| true);
}

/// Asks in the session `talk` for an answer that goes on without the client, and leaves.
fn ask_and_leave(context: &TestContext) {
    let request = Request::chat(&message("one", true))
        .header("x-clawft-session", "talk")
        .header("x-clawft-detached", "true");
    let mut answer = context.send(request);
    answer.some_events();
}

#[test]
fn detached_answer_is_joined_from_its_beginning() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held).start();
    ask_and_leave(&context);
    let read = context.send(Request::get("/v1/sessions/talk")).json();
    assert_eq!(
        (&read["messages"], &read["running"]),
        (&json!([]), &json!({ "content": "whisper one" }))
    );
    let change = Request::patch("/v1/sessions/talk", &json!({ "messages": 0 }));
    assert_eq!(context.send(change).status, 409);
    let mut joined = context.send(Request::get("/v1/sessions/talk/answer"));
    assert_eq!(
        joined.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let mut text = joined.some_events();
    held.release();
    text += &joined.text();
    assert_eq!(
        said(&events(&text)),
        format!("{}{}", HeldProvider::FIRST, HeldProvider::REST)
    );
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let read = context.send(Request::get("/v1/sessions/talk")).json();
    assert_eq!(
        read["messages"].as_array().map(Vec::len),
        Some(2),
        "it is stored: {read}"
    );
    assert_eq!(read["running"], Value::Null);
    assert_eq!(context.send(Request::get("/v1/sessions/talk/answer")).status, 404);
}

#[test]
fn detached_answer_is_stopped() {
    let context = GatewayOptions::held(&HeldProvider::new()).start();
    ask_and_leave(&context);
    assert_eq!(
        context.send(Request::delete("/v1/sessions/talk/answer")).status,
        200
    );
    let stored = context.session("talk", |session| session["messages"][1]["incomplete"] == true);
    assert_eq!(stored["messages"][1]["content"], HeldProvider::FIRST);
}
