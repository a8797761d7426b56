//! The limits of requests.

use serde_json::json;

use crate::{
    client::Request,
    context::{GatewayOptions, TestContext, message},
    upstream::HeldProvider,
};

#[test]
fn refuses_answers_over_the_limit() {
    let held = HeldProvider::new();
    let context = GatewayOptions::held(&held)
        .gateway(json!({ "max_concurrent": 1 }))
        .start();
    let mut first = context.say("one", true);
    first.some_events();
    let second = context.say("two", true);
    assert_eq!((second.status, second.header("retry-after")), (429, Some("1")));
    let error = second.json()["error"].clone();
    assert_eq!(
        (&error["type"], &error["code"]),
        (&json!("rate_limit_error"), &json!("busy"))
    );
    held.release();
    assert!(first.text().contains("[DONE]"), "the first is not disturbed");
    // Each client that has its answer has made room.
    for _ in 0..20 {
        let next = context.say("three", false);
        assert_eq!(next.status, 200);
        next.json();
    }
    assert!(
        context
            .send(Request::get("/metrics"))
            .text()
            .contains("clawft_rejected_total{reason=\"busy\"} 1")
    );
}

#[test]
fn refuses_body_over_the_limit() {
    let context = GatewayOptions::new("ok")
        .gateway(json!({ "max_body_bytes": 1000 }))
        .start();
    let answer = context.say(&"x".repeat(2_000_000), false);
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].clone()),
        (413, json!("request_too_large"))
    );
    assert_eq!(context.say("hi", false).status, 200);
}

#[test]
fn refuses_head_over_the_limit() {
    let context = TestContext::new("ok");
    let large = Request::get("/healthz").header("x-large", &"x".repeat(20_000));
    let refused = context.send(large);
    assert_eq!(
        (refused.status, refused.header("connection")),
        (431, Some("close"))
    );
    assert_eq!(refused.json()["error"]["code"], "head_too_large");
    let many = (0..200).fold(Request::get("/healthz"), |ask, number| {
        ask.header(&format!("x-{number}"), "1")
    });
    assert_eq!(context.send(many).status, 431);
}

#[test]
fn refuses_body_that_is_not_json() {
    let context = TestContext::new("ok");
    let body = message("hi", false).to_string();
    let form = Request::get("/v1/chat/completions");
    assert_eq!(context.send(form).status, 405);
    let answer = context.send(Request::chat(&json!(body)));
    assert_eq!(answer.status, 400);
}
