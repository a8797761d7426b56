//! Answers, complete and streamed.

use serde_json::{Value, json};

use crate::{
    client::{Request, events, said},
    context::{GatewayOptions, KEY, TestContext, message},
    upstream::HeldProvider,
};

#[test]
fn complete_answer_has_openais_shape() {
    let context = TestContext::new("ok");
    let answer = context.say("hi", false);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    let body = answer.json();
    assert!(
        body["id"].as_str().is_some_and(|id| id.starts_with("chatcmpl-")),
        "{body}"
    );
    assert_eq!(
        (&body["object"], &body["model"]),
        (&json!("chat.completion"), &json!("test-model"))
    );
    let choice = json!({
        "index": 0, "logprobs": null, "finish_reason": "stop",
        "message": { "role": "assistant", "content": "echo: whisper hi", "refusal": null },
    });
    assert_eq!(body["choices"], json!([choice]));
    assert_eq!(
        body["usage"],
        json!({ "prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12 })
    );
    assert!(
        !context.file("sessions").exists(),
        "nothing is stored without a session"
    );
}

#[test]
fn stream_begins_with_role_and_ends_with_done() {
    let context = TestContext::new("ok");
    let answer = context.say("one two three", true);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    let text = answer.text();
    let events = events(&text);
    let chunk = |index: usize| serde_json::from_str::<Value>(events[index]).expect("a chunk");
    assert_eq!(chunk(0)["object"], "chat.completion.chunk");
    assert_eq!(
        chunk(0)["choices"][0]["delta"],
        json!({ "role": "assistant", "content": "" })
    );
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
fn each_delta_arrives_before_the_next() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held).start();
    let mut answer = context.say("one", true);
    assert_eq!(said(&events(&answer.some_events())), HeldProvider::FIRST);
    held.release();
    let rest = answer.text();
    assert_eq!(said(&events(&rest)), HeldProvider::REST);
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
}

#[test]
fn streams_complete_answer_as_one_delta() {
    let text = TestContext::new("no-stream").say("hi", true).text();
    let events = events(&text);
    assert_eq!(
        (said(&events).as_str(), events.last()),
        ("echo: whisper hi", Some(&"[DONE]"))
    );
}

#[test]
fn forwards_request_with_the_gateways_key() {
    let context = TestContext::new("ok");
    let body = json!({
        "model": "clawft", "temperature": 0.5, "max_completion_tokens": 7, "user": "somebody",
        "messages": [
            { "role": "developer", "content": "whisper: be brief" },
            { "role": "user", "content": [{ "type": "text", "text": "whisper a" }] },
            { "role": "assistant", "content": "whisper b" },
            { "role": "user", "content": "whisper c" },
        ],
    });
    let answer = context.send(Request::chat(&body).header("authorization", "Bearer a-clients-own"));
    assert_eq!(answer.json()["model"], "test-model");
    let [request] = &context.received()[..] else {
        panic!("one request")
    };
    let bearer = request.headers.iter().find(|(name, _)| name == "authorization");
    assert_eq!(bearer.expect("a key").1, format!("Bearer {KEY}"));
    let sent: Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(
        (&sent["model"], &sent["temperature"], &sent["max_tokens"]),
        (&json!("test-model"), &json!(0.5), &json!(7))
    );
    let said: Vec<_> = sent["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| &message["content"])
        .collect();
    assert_eq!(said, ["whisper: be brief", "whisper a", "whisper b", "whisper c"]);
    assert_eq!(sent["messages"][0]["role"], "system");
    assert_eq!(sent["user"], Value::Null);
}

#[test]
fn refuses_unsupported_request_before_sending() {
    let context = TestContext::new("ok");
    let mut body = message("hi", false);
    body["tools"] = json!([{ "type": "function" }]);
    let answer = context.send(Request::chat(&body));
    assert_eq!(answer.status, 400);
    let error = answer.json()["error"].clone();
    assert_eq!(
        (&error["type"], &error["param"], &error["code"]),
        (
            &json!("invalid_request_error"),
            &json!("tools"),
            &json!("unsupported_parameter")
        )
    );
    assert!(context.received().is_empty());
}
