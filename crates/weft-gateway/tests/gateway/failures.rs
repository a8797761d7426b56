//! What goes wrong behind the gateway, and what its clients see of it.

use crate::client::{events, said};
use crate::lab::{KEY, Lab, Plan};
use serde_json::{Value, json};

/// The status and the error.
fn failure(lab: &Lab, stream: bool) -> (u16, Value, Option<String>) {
    let answer = lab.say("hi", stream);
    let (status, retry_after) = (answer.status, answer.header("retry-after").map(str::to_owned));
    (status, answer.json()["error"].clone(), retry_after)
}

#[test]
fn a_wrong_key_of_the_gateways_own_is_a_bad_gateway() {
    let lab = Lab::new("status-401");
    for stream in [false, true] {
        let (status, error, _) = failure(&lab, stream);
        let message = error["message"].as_str().expect("a message");
        assert_eq!((status, &error["code"]), (502, &json!("upstream_key_invalid")));
        assert!(message.starts_with("Invalid API key") && message.contains("`LAB_KEY`"), "{message}");
        assert!(!message.contains(&KEY[..8]), "{message}");
    }
}

#[test]
fn what_the_provider_says_about_the_request_goes_through() {
    for (scenario, expected) in
        [("status-400", 400), ("status-404", 404), ("status-500", 502), ("status-503", 503)]
    {
        let (status, error, _) = failure(&Lab::new(scenario), true);
        assert_eq!(status, expected, "{error}");
    }
    let (status, error, retry_after) = failure(&Lab::new("retry-after-7"), false);
    assert_eq!((status, retry_after.as_deref()), (429, Some("7")));
    assert_eq!(error["type"], "rate_limit_error");
}

#[test]
fn a_provider_that_is_silent_or_gone_is_told_apart() {
    let (status, error, _) = failure(&Plan::new("silent").timeout(1).start(), true);
    assert_eq!((status, &error["message"]), (504, &json!("Request timed out after 1 s")));
    let (status, error, _) = failure(&Lab::new("reset"), false);
    assert!(
        status == 502 && error["message"].as_str().is_some_and(|text| text.starts_with("HTTP unavailable"))
    );
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error_and_not_with_done() {
    for scenario in ["stream-cut", "stream-reset", "stream-error"] {
        let lab = Lab::new(scenario);
        let answer = lab.say_in("broken", "one two three four", true);
        assert_eq!(answer.status, 200);
        let text = answer.text();
        let events = events(&text);
        let last: Value = serde_json::from_str(events.last().expect("events")).expect("JSON");
        let message = last["error"]["message"].as_str().expect("an error");
        assert!(message.starts_with("the answer is incomplete: "), "{message}");
        assert!(!text.contains("[DONE]") && !text.contains("\"finish_reason\":\"stop\""), "{text}");
        let stored = lab.session("broken", |session| session["messages"][1]["incomplete"] == true);
        assert_eq!(stored["messages"][1]["content"], json!(said(&events)), "what arrived is kept");
    }
}
