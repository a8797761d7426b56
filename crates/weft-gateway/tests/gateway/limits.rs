//! What a client may take.

use crate::client::Ask;
use crate::lab::{Lab, Plan, message};
use crate::upstream::HeldProvider;
use serde_json::json;

#[test]
fn one_too_many_is_told_to_come_back() {
    let held = HeldProvider::new();
    let lab = Plan::held(&held).gateway(json!({ "max_concurrent": 1 })).start();
    let mut first = lab.say("one", true);
    first.some_events();
    let second = lab.say("two", true);
    assert_eq!((second.status, second.header("retry-after")), (429, Some("1")));
    let error = second.json()["error"].clone();
    assert_eq!((&error["type"], &error["code"]), (&json!("rate_limit_error"), &json!("busy")));
    held.release();
    assert!(first.text().contains("[DONE]"), "the first is not disturbed");
    // Each one that has its answer has made room.
    for _ in 0..20 {
        let next = lab.say("three", false);
        assert_eq!(next.status, 200);
        next.json();
    }
    assert!(lab.send(Ask::get("/metrics")).text().contains("clawft_rejected_total{reason=\"busy\"} 1"));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let lab = Plan::new("ok").gateway(json!({ "max_body_bytes": 1000 })).start();
    let answer = lab.say(&"x".repeat(2_000_000), false);
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (413, json!("request_too_large")));
    assert_eq!(lab.say("hi", false).status, 200);
}

#[test]
fn a_head_over_the_limit_is_refused() {
    let lab = Lab::new("ok");
    let large = Ask::get("/healthz").header("x-large", &"x".repeat(20_000));
    let refused = lab.send(large);
    assert_eq!((refused.status, refused.header("connection")), (431, Some("close")));
    assert_eq!(refused.json()["error"]["code"], "head_too_large");
    let many = (0..200).fold(Ask::get("/healthz"), |ask, number| ask.header(&format!("x-{number}"), "1"));
    assert_eq!(lab.send(many).status, 431);
}

#[test]
fn what_is_no_json_is_refused() {
    let lab = Lab::new("ok");
    let body = message("hi", false).to_string();
    let form = Ask::get("/v1/chat/completions");
    assert_eq!(lab.send(form).status, 405);
    let answer = lab.send(Ask::chat(&json!(body)));
    assert_eq!(answer.status, 400);
}
