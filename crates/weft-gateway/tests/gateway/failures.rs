//! Failures behind the gateway, and their responses to clients.

use serde_json::{Value, json};

use crate::{
    client::{events, said},
    context::{GatewayOptions, KEY, TestContext},
};

/// Returns the status, the error, and the header about a retry.
fn failure(context: &TestContext, stream: bool) -> (u16, Value, Option<String>) {
    let answer = context.say("hi", stream);
    let status = answer.status;
    let retry_after = answer.header("retry-after").map(str::to_owned);
    (status, answer.json()["error"].clone(), retry_after)
}

#[test]
fn wrong_key_of_gateway_is_bad_gateway() {
    let context = TestContext::new("status-401");
    for stream in [false, true] {
        let (status, error, _) = failure(&context, stream);
        let message = error["message"].as_str().expect("a message");
        assert_eq!((status, &error["code"]), (502, &json!("upstream_key_invalid")));
        assert!(
            message.starts_with("Invalid API key") && message.contains("`TEST_KEY`"),
            "{message}"
        );
        assert!(!message.contains(&KEY[..8]), "{message}");
    }
}

#[test]
fn passes_on_provider_errors_about_request() {
    for (scenario, expected) in [
        ("status-400", 400),
        ("status-404", 404),
        ("status-500", 502),
        ("status-503", 503),
    ] {
        let (status, error, _) = failure(&TestContext::new(scenario), true);
        assert_eq!(status, expected, "{error}");
    }
    let (status, error, retry_after) = failure(&TestContext::new("retry-after-7"), false);
    assert_eq!((status, retry_after.as_deref()), (429, Some("7")));
    assert_eq!(error["type"], "rate_limit_error");
}

#[test]
fn distinguishes_silent_and_unreachable_provider() {
    let context = GatewayOptions::new("silent").timeout(1).start();
    let (status, error, _) = failure(&context, false);
    let message = error["message"].as_str().unwrap();
    assert!(
        status == 504 && message.starts_with("Request timed out after 1 s; "),
        "{error}"
    );
    // After a second a stream begins, with a comment.
    let answer = context.say("hi", true);
    let status = answer.status;
    let text = answer.text();
    assert!(
        [200, 504].contains(&status) && text.contains("Request timed out after 1 s; "),
        "{status} {text}"
    );
    let (status, error, _) = failure(&TestContext::new("reset"), false);
    assert!(
        status == 502
            && error["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("HTTP unavailable"))
    );
}

#[test]
fn broken_stream_ends_with_an_error() {
    for scenario in ["stream-cut", "stream-reset", "stream-error"] {
        let context = TestContext::new(scenario);
        let answer = context.say_in("broken", "one two three four", true);
        assert_eq!(answer.status, 200);
        let text = answer.text();
        let events = events(&text);
        let last: Value = serde_json::from_str(events.last().expect("events")).expect("JSON");
        let message = last["error"]["message"].as_str().expect("an error");
        assert!(message.starts_with("the answer is incomplete: "), "{message}");
        assert!(
            !text.contains("[DONE]") && !text.contains("\"finish_reason\":\"stop\""),
            "{text}"
        );
        let stored = context.session("broken", |session| session["messages"][1]["incomplete"] == true);
        assert_eq!(
            stored["messages"][1]["content"],
            json!(said(&events)),
            "what arrived is kept"
        );
    }
}
