//! Whole turns, from the message to the stored session, with prepared responses.

use clawft_types::SessionId;

use super::{CONFIG, failure, platform};
use crate::{
    http::{
        HttpError,
        scripted::{Script, prepare, sent},
    },
    platform::{Answer, Error, Part, WasmPlatform},
};

const HELLO: &str = r#"{"choices":[{"message":{"content":"Hello!"},"finish_reason":"stop"}]}"#;
const HEL: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
const LO: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"lo!\"}}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";
const STREAMED: &str = r#"{"content":"Hi","stream":true}"#;

fn script(status: u16, parts: &[&'static str]) -> Script {
    Script {
        status,
        content_type: "application/json",
        parts: parts.to_vec(),
        failure: None,
    }
}

fn stream(parts: &[&'static str]) -> Script {
    Script {
        content_type: "text/event-stream",
        ..script(200, parts)
    }
}

/// Returns the answer, and the deltas that were shown.
fn answer(platform: &WasmPlatform, message: &str) -> (Answer, Vec<String>) {
    let mut shown = Vec::new();
    let answer = platform.answer(SessionId::default(), message, &mut |part| {
        if let Part::Text(text) = part {
            shown.push(text.to_owned());
        }
    });
    (answer.unwrap(), shown)
}

fn stored(platform: &WasmPlatform) -> String {
    platform.fs().read_to_string("sessions/default.json").unwrap()
}

#[test]
fn next_request_continues_the_stored_session() {
    let (_dir, platform) = platform(CONFIG);
    prepare([script(200, &[HELLO]), script(200, &[HELLO])]);
    let (first, shown) = answer(&platform, "Hi");
    assert_eq!(
        (first.text.as_str(), first.shown, shown.len()),
        ("Hello!", false, 0)
    );
    assert_eq!(first.unstored, None);
    answer(&platform, "And now?");
    let sent = sent();
    assert!(!sent[0].contains("Hello!") && sent[1].contains("Hello!") && sent[1].contains("And now?"));
    assert_eq!(stored(&platform).matches("Hello!").count(), 2);
    assert!(!stored(&platform).contains("sk-secret"));
}

#[test]
fn shows_a_stream_while_it_arrives() {
    let (_dir, platform) = platform(CONFIG);
    prepare([stream(&[HEL, LO, DONE])]);
    let (answer, shown) = answer(&platform, STREAMED);
    assert_eq!(
        (answer.text.as_str(), answer.shown, answer.incomplete.is_none()),
        ("Hello!", true, true)
    );
    assert_eq!(shown, ["Hel", "lo!"]);
    assert!(sent()[0].contains("\"stream\":true"));
}

#[test]
fn keeps_the_text_of_a_broken_stream() {
    let (_dir, platform) = platform(CONFIG);
    let failure = Some(HttpError::Interrupted("reset".to_owned()));
    prepare([
        stream(&[HEL]),
        Script {
            failure,
            ..stream(&[HEL])
        },
    ]);
    for _ in 0..2 {
        let (answer, shown) = answer(&platform, STREAMED);
        assert_eq!((answer.text.as_str(), shown.concat().as_str()), ("Hel", "Hel"));
        let cause = answer.incomplete.clone().unwrap();
        let whole = answer.whole().unwrap_err();
        assert_eq!(
            whole.to_string(),
            format!("the answer is incomplete: {cause}\nHel")
        );
    }
    assert_eq!(stored(&platform).matches("\"incomplete\":true").count(), 2);
}

#[test]
fn retries_a_busy_server() {
    let (_dir, platform) = platform(CONFIG);
    prepare([script(503, &["busy"]), script(200, &[HELLO])]);
    assert_eq!(answer(&platform, "Hi").0.whole().unwrap(), "Hello!");
    let sent = sent();
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
}

#[test]
fn refusal_of_server_ends_the_turn() {
    let (_dir, platform) = platform(CONFIG);
    prepare([script(401, &[r#"{"error":{"message":"wrong key sk-secret"}}"#])]);
    assert!(failure(&platform, "Hi").starts_with("Invalid API key: "));
    let large = HttpError::TooLarge(10);
    prepare([Script {
        failure: Some(large),
        ..script(200, &["{"])
    }]);
    assert!(failure(&platform, "Hi").contains("larger than the limit of 10000000 bytes"));
    prepare([Script {
        failure: Some(HttpError::InvalidRequest("a reason")),
        ..script(200, &[])
    }]);
    assert!(matches!(
        platform.answer(SessionId::default(), "Hi", &mut |_| {}),
        Err(Error::Http(HttpError::InvalidRequest(_)))
    ));
    assert!(!platform.fs().exists("sessions"));
}

#[test]
fn returns_an_answer_that_cannot_be_stored() {
    let (_dir, platform) = platform(CONFIG);
    prepare([stream(&[HEL, LO, DONE])]);
    // While the answer arrives, the session has been read and not yet written.
    let mut spoil = |_: Part<'_>| {
        platform
            .fs()
            .write_string("sessions", "a file in the way")
            .unwrap()
    };
    let answer = platform
        .answer(SessionId::default(), STREAMED, &mut spoil)
        .unwrap();
    assert_eq!(answer.text, "Hello!");
    let cause = answer.unstored.unwrap();
    assert!(
        cause.starts_with("cannot write `") && cause.contains("sessions/default.json"),
        "{cause}"
    );
}
