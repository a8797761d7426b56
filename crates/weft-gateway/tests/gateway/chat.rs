//! Answers, whole and streamed.

use crate::client::{Ask, events, said};
use crate::lab::{KEY, Lab, Plan, message};
use crate::upstream::HeldProvider;
use serde_json::{Value, json};

#[test]
fn a_whole_answer_has_openais_shape() {
    let lab = Lab::new("ok");
    let answer = lab.say("hi", false);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let body = answer.json();
    assert!(body["id"].as_str().is_some_and(|id| id.starts_with("chatcmpl-")), "{body}");
    assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!("lab-model")));
    let choice = json!({
        "index": 0, "logprobs": null, "finish_reason": "stop",
        "message": { "role": "assistant", "content": "echo: whisper hi", "refusal": null },
    });
    assert_eq!(body["choices"], json!([choice]));
    assert_eq!(body["usage"], json!({ "prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12 }));
    assert!(!lab.file("sessions").exists(), "nothing is stored without a session");
}

#[test]
fn a_streamed_answer_begins_with_the_role_and_ends_with_done() {
    let lab = Lab::new("ok");
    let answer = lab.say("one two three", true);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let text = answer.text();
    let events = events(&text);
    let chunk = |index: usize| serde_json::from_str::<Value>(events[index]).expect("a chunk");
    assert_eq!(chunk(0)["object"], "chat.completion.chunk");
    assert_eq!(chunk(0)["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    assert_eq!(said(&events), "echo: whisper one two three");
    let finish = chunk(events.len() - 2);
    assert_eq!(
        finish["choices"][0],
        json!({ "index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop" })
    );
    assert_eq!(finish["id"], chunk(0)["id"]);
    assert_eq!(*events.last().expect("events"), "[DONE]");
}

#[test]
fn a_piece_is_there_before_the_next_one_is_sent() {
    let held = HeldProvider::new();
    let lab = Plan::held(&held).start();
    let mut answer = lab.say("one", true);
    assert_eq!(said(&events(&answer.some_events())), HeldProvider::FIRST);
    held.release();
    let rest = answer.text();
    assert_eq!(said(&events(&rest)), HeldProvider::REST);
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
}

#[test]
fn a_server_that_answers_whole_is_streamed_in_one_piece() {
    let text = Lab::new("no-stream").say("hi", true).text();
    let events = events(&text);
    assert_eq!((said(&events).as_str(), events.last()), ("echo: whisper hi", Some(&"[DONE]")));
}

#[test]
fn the_request_goes_on_with_our_key_and_what_it_asks_for() {
    let lab = Lab::new("ok");
    let body = json!({
        "model": "another-model", "temperature": 0.5, "max_completion_tokens": 7, "user": "somebody",
        "messages": [
            { "role": "developer", "content": "whisper: be brief" },
            { "role": "user", "content": [{ "type": "text", "text": "whisper a" }] },
            { "role": "assistant", "content": "whisper b" },
            { "role": "user", "content": "whisper c" },
        ],
    });
    let answer = lab.send(Ask::chat(&body).header("authorization", "Bearer a-clients-own"));
    assert_eq!(answer.json()["model"], "another-model");
    let [request] = &lab.received()[..] else { panic!("one request") };
    let bearer = request.headers.iter().find(|(name, _)| name == "authorization");
    assert_eq!(bearer.expect("a key").1, format!("Bearer {KEY}"));
    let sent: Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(
        (&sent["model"], &sent["temperature"], &sent["max_tokens"]),
        (&json!("another-model"), &json!(0.5), &json!(7))
    );
    let said: Vec<_> =
        sent["messages"].as_array().expect("messages").iter().map(|message| &message["content"]).collect();
    assert_eq!(said, ["whisper: be brief", "whisper a", "whisper b", "whisper c"]);
    assert_eq!(sent["messages"][0]["role"], "system");
    assert_eq!(sent["user"], Value::Null);
}

#[test]
fn what_cannot_be_done_is_refused_before_anything_is_sent() {
    let lab = Lab::new("ok");
    let mut body = message("hi", false);
    body["tools"] = json!([{ "type": "function" }]);
    let answer = lab.send(Ask::chat(&body));
    assert_eq!(answer.status, 400);
    let error = answer.json()["error"].clone();
    assert_eq!(
        (&error["type"], &error["param"], &error["code"]),
        (&json!("invalid_request_error"), &json!("tools"), &json!("unsupported_parameter"))
    );
    assert!(lab.received().is_empty());
}
