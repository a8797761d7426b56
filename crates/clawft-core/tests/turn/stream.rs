//! Answers that arrive as a stream.

use std::time::Duration;

use clawft_core::{Event, Reply, Step, TimeLimit, TransportError, Turn, sse::MAX_EVENT};
use clawft_types::{Config, Message, Role, Session, Usage};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use crate::common::{AT, NOW, answer, anthropic, begin, begin_with, config, fixture, unreachable};

const STREAM: &str = r#","stream":true"#;

fn open(turn: &mut Turn<'_>) {
    let headers = [(
        "Content-Type".to_owned(),
        "text/event-stream; charset=utf-8".to_owned(),
    )];
    assert!(matches!(
        turn.feed(
            Event::Head {
                status: 200,
                headers: &headers
            },
            NOW
        ),
        Step::More
    ));
}

/// Feeds a stream in parts of `size` bytes, then `last`; returns the deltas and the last step.
fn run(config: &Config, stream: &[u8], size: usize, last: Event<'_>) -> (Vec<String>, Result<Reply, String>) {
    let (mut turn, _) = begin(config);
    open(&mut turn);
    let mut deltas = Vec::new();
    let parts = stream.chunks(size).map(Event::Body);
    for event in parts.chain([last]) {
        let mut step = turn.feed(event, NOW);
        while let Step::Delta(_) | Step::Reasoning(_) = step {
            if let Step::Delta(text) = step {
                deltas.push(text);
            }
            // The same bytes may have completed the answer.
            step = turn.feed(Event::Body(&[]), NOW);
        }
        match step {
            Step::Done(reply) => return (deltas, Ok(*reply)),
            Step::Failed(error) => return (deltas, Err(error.to_string())),
            step @ Step::Retry { .. } => panic!("{step:?}"),
            _ => {}
        }
    }
    panic!("the stream is over and the turn is not");
}

fn openai() -> Config {
    config(STREAM, r#","retries":0"#)
}

fn claude() -> Config {
    anthropic(STREAM, r#","retries":0"#)
}

/// Returns a chunk that adds `text`.
fn chunk(text: &str) -> String {
    format!(
        "data: {}\n\n",
        serde_json::json!({"choices": [{"delta": {"content": text}}]})
    )
}

/// Returns an event of the other dialect that adds `text`.
fn block_delta(text: &str) -> String {
    let delta = serde_json::json!({"type": "text_delta", "text": text});
    let event = serde_json::json!({"type": "content_block_delta", "index": 0, "delta": delta});
    format!("event: content_block_delta\ndata: {event}\n\n")
}

const STOP: &str = "event: message_stop\ndata: {\"type\": \"message_stop\"}\n\n";

fn reset() -> Event<'static> {
    Event::Failed(TransportError::Unavailable("connection reset".to_owned()))
}

#[test]
fn config_or_input_shows_a_stream() {
    let shows = |config: &Config, input: &str| {
        let (mut turn, request) = begin_with(config, Session::default(), input);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["stream"], request.stream), (&true.into(), true));
        open(&mut turn);
        match turn.feed(Event::Body(chunk("Hel").as_bytes()), NOW) {
            Step::Delta(text) => assert_eq!(text, "Hel"),
            Step::More => return false,
            step => panic!("{step:?}"),
        }
        true
    };
    let whole = r#"{"content":"hi","stream":false}"#;
    let piecewise = r#"{"content":"hi","stream":true}"#;
    assert!(shows(&openai(), "hi"));
    assert!(!shows(&openai(), whole));
    assert!(!shows(&config("", ""), "hi"));
    assert!(shows(&config("", ""), piecewise));
}

#[test]
fn usage_of_a_stream_is_requested_everywhere() {
    let compatible = config("", r#","api_base":"http://localhost:1/v1""#);
    for config in [openai(), compatible] {
        let (_, request) = begin(&config);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["stream_options"], serde_json::json!({"include_usage": true}));
    }
}

#[test]
fn unshown_stream_is_one_answer() {
    let config = config("", r#","retries":1"#);
    let (mut turn, _) = begin(&config);
    open(&mut turn);
    assert!(matches!(
        turn.feed(Event::Body(chunk("Hel").as_bytes()), NOW),
        Step::More
    ));
    // Nothing was shown yet.
    let Step::Retry { .. } = turn.feed(reset(), NOW) else {
        panic!()
    };
    open(&mut turn);
    turn.feed(Event::Body(chunk("Hello").as_bytes()), NOW);
    let Step::Done(reply) = turn.feed(Event::Body(b"data: [DONE]\n\n"), NOW) else {
        panic!()
    };
    assert_eq!((reply.text(), reply.streamed), ("Hello", false));

    let (mut turn, _) = begin(&config);
    for _ in 0..2 {
        open(&mut turn);
        turn.feed(Event::Body(chunk("Hel").as_bytes()), NOW);
        match turn.feed(reset(), NOW) {
            Step::Retry { .. } => {}
            Step::Failed(error) => {
                return assert!(
                    error
                        .to_string()
                        .starts_with("HTTP unavailable: connection reset"),
                    "{error}"
                );
            }
            step => panic!("{step:?}"),
        }
    }
    panic!("the second attempt is the last");
}

/// Returns the body of the second request, after the server has answered the first one with `status`.
fn after_rejection(config: &Config, status: u16, body: &[u8]) -> Option<Value> {
    let (mut turn, _) = begin(config);
    match answer(&mut turn, status, &[], body) {
        Step::Retry { after, request } => {
            assert!(after.is_zero());
            Some(serde_json::from_slice(&request.body).unwrap())
        }
        Step::Failed(_) => None,
        step => panic!("{step:?}"),
    }
}

#[test]
fn rejected_options_are_omitted_for_rest_of_run() {
    let config = config("", r#","retries":0"#);
    let usage = br#"{"error":{"message":"Unrecognized request argument supplied: stream_options"}}"#;
    assert_eq!(after_rejection(&config, 500, usage), None);
    let again = after_rejection(&config, 400, usage).unwrap();
    assert_eq!(
        (&again["stream_options"], &again["stream"]),
        (&Value::Null, &true.into())
    );
    let (_, later) = begin(&config);
    assert!(!String::from_utf8_lossy(&later.body).contains("stream_options"));

    let stream = br#"{"error":{"message":"must be verified to stream","param":"stream"}}"#;
    let again = after_rejection(&config, 400, stream).unwrap();
    assert_eq!(
        (&again["stream_options"], &again["stream"]),
        (&Value::Null, &Value::Null)
    );
    let (_, later) = begin(&config);
    assert!(!later.stream);
    assert_eq!(
        after_rejection(&config, 400, stream),
        None,
        "nothing is left to omit"
    );
}

#[test]
fn option_that_was_not_sent_is_not_omitted() {
    let config = anthropic("", r#","retries":0"#);
    let usage = br#"{"error":{"message":"stream_options: Extra inputs are not permitted"}}"#;
    assert_eq!(after_rejection(&config, 400, usage), None);
}

#[test]
fn reads_the_documented_streams() {
    for size in [1, 7, 10_000] {
        let (deltas, reply) = run(&openai(), fixture!("openai-stream.txt"), size, Event::End);
        let reply = reply.unwrap();
        assert_eq!((deltas.concat().as_str(), reply.text()), ("Hello!", "Hello!"));
        assert_eq!((reply.streamed, reply.incomplete), (true, None));
        assert_eq!(reply.finish_reason.as_deref(), Some("stop"));
        assert_eq!(
            reply.usage,
            Some(Usage {
                prompt_tokens: 19,
                completion_tokens: 10,
                total_tokens: 29,
                ..Usage::default()
            })
        );
        assert_eq!(reply.session.messages[1], Message::new(Role::Assistant, "Hello!"));

        let (deltas, reply) = run(&claude(), fixture!("anthropic-stream.txt"), size, Event::End);
        let reply = reply.unwrap();
        assert_eq!((deltas.concat().as_str(), reply.text()), ("Hello!", "Hello!"));
        assert_eq!((reply.streamed, reply.incomplete), (true, None));
        assert_eq!(reply.finish_reason.as_deref(), Some("end_turn"));
        assert_eq!(
            reply.usage,
            Some(Usage {
                prompt_tokens: 25,
                completion_tokens: 15,
                total_tokens: 40,
                ..Usage::default()
            })
        );
    }
}

#[test]
fn leaves_thinking_out_of_the_answer() {
    let (deltas, reply) = run(
        &claude(),
        fixture!("anthropic-thinking-stream.txt"),
        50,
        Event::End,
    );
    assert_eq!(
        reply.unwrap().text(),
        "The greatest common divisor of 1071 and 462 is **21**."
    );
    assert_eq!(deltas.concat().len(), 54);
}

#[test]
fn final_event_ends_an_open_stream() {
    let stream = [&chunk("hi"), "data: [DONE]\n\n"].concat();
    let config = openai();
    let (mut turn, _) = begin(&config);
    open(&mut turn);
    assert!(matches!(
        turn.feed(Event::Body(&stream.as_bytes()[..stream.len() - 1]), NOW),
        Step::Delta(_)
    ));
    let Step::Done(reply) = turn.feed(Event::Body(b"\nwhatever"), NOW) else {
        panic!()
    };
    assert_eq!(reply.incomplete, None);

    // Later events change nothing.
    for last in [Event::End, reset(), Event::Body(b"data: {\"error\":{}}\n\n")] {
        let (deltas, reply) = run(&openai(), stream.as_bytes(), 1000, last);
        assert_eq!(
            (deltas.concat().as_str(), reply.unwrap().incomplete),
            ("hi", None)
        );
    }
}

#[test]
fn early_end_makes_an_incomplete_answer() {
    let cause = |last| {
        let (deltas, reply) = run(
            &openai(),
            [chunk("Hel"), chunk("lo")].concat().as_bytes(),
            30,
            last,
        );
        let reply = reply.unwrap();
        assert_eq!((deltas.concat().as_str(), reply.text()), ("Hello", "Hello"));
        let stored = Message {
            incomplete: true,
            ..Message::new(Role::Assistant, "Hello")
        };
        assert_eq!(
            (reply.session.messages.last(), reply.streamed),
            (Some(&stored), true)
        );
        reply.incomplete.unwrap()
    };
    assert_eq!(
        cause(Event::End),
        unreachable("HTTP unavailable: the answer ended early")
    );
    assert_eq!(cause(reset()), unreachable("HTTP unavailable: connection reset"));
    let late = TransportError::TimedOut {
        after: Duration::from_secs(30),
        limit: TimeLimit::FirstByte,
    };
    assert!(cause(Event::Failed(late)).starts_with("Request timed out after 30 s; "));
    assert_eq!(
        cause(Event::Body(
            b"data: {\"error\":{\"message\":\"out of memory\"}}\n\n"
        )),
        "provider `openai` at `api.openai.com/v1/chat/completions` sent an error, try again later: out of memory"
    );
    assert_eq!(
        cause(Event::Body(
            b"data: {\"choices\":[{\"delta\":{\"content\":3}}]}\n\n"
        )),
        "provider `openai` at `api.openai.com/v1/chat/completions` sent something else than a chat completion, check `api_base` and `kind`: \
         choices.0.delta.content: expected a string, found a number"
    );
}

#[test]
fn incomplete_answer_is_marked_only_in_storage() {
    let (_, reply) = run(&openai(), chunk("Hel").as_bytes(), 1000, Event::End);
    let session = Session::parse(&reply.unwrap().session.to_json()).unwrap();
    assert!(session.messages[1].incomplete);
    for config in [openai(), claude()] {
        let (_, request) = begin_with(&config, session.clone(), "Go on");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body["messages"][1],
            serde_json::json!({"role": "assistant", "content": "Hel"})
        );
    }
}

#[test]
fn finish_reason_completes_without_final_event() {
    let stream = [
        &chunk("hi"),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    ]
    .concat();
    for last in [Event::End, reset()] {
        assert_eq!(
            run(&openai(), stream.as_bytes(), 9, last).1.unwrap().incomplete,
            None
        );
    }
}

#[test]
fn retries_failure_before_the_first_text() {
    let config = config(STREAM, "");
    let (mut turn, _) = begin(&config);
    for last in [reset(), Event::End] {
        open(&mut turn);
        turn.feed(
            Event::Body(b": hello\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n"),
            NOW,
        );
        let Step::Retry { request, .. } = turn.feed(last, NOW) else {
            panic!()
        };
        assert!(request.stream);
    }
    open(&mut turn);
    let Step::Failed(error) = turn.feed(Event::End, NOW) else {
        panic!()
    };
    assert_eq!(
        error.to_string(),
        unreachable("HTTP unavailable: the answer ended early")
    );

    let (_, error) = run(&claude(), fixture!("anthropic-stream-error.txt"), 5, Event::End);
    assert_eq!(
        error.unwrap_err(),
        "provider `anthropic` at `api.anthropic.com/v1/messages` answered 529, try again later: Overloaded"
    );
    let (_, error) = run(&openai(), b"data: [DONE]\n\n", 5, Event::End);
    assert_eq!(
        error.unwrap_err(),
        format!("{AT} sent an answer without text, check `model`")
    );
}

#[test]
fn does_not_retry_after_text_was_shown() {
    let config = config(STREAM, r#","retries":10"#);
    let (deltas, reply) = run(&config, chunk("Hel").as_bytes(), 1000, reset());
    assert_eq!((deltas.len(), reply.unwrap().text()), (1, "Hel"));
}

#[test]
fn accepts_whole_answer_instead_of_stream() {
    let config = openai();
    let (mut turn, _) = begin(&config);
    let json = [("content-type", "application/json")];
    let Step::Done(reply) = answer(&mut turn, 200, &json, fixture!("openai-completion.json")) else {
        panic!()
    };
    assert_eq!(
        (reply.text(), reply.streamed),
        ("Hello! How can I assist you today?", false)
    );
}

#[test]
fn reads_refusals_and_skips_other_chunks() {
    let stream = concat!(
        "data: {\"choices\":[],\"prompt_filter_results\":[]}\r\n\r\n",
        "event: ping\r\ndata\r\n\r\n",
        "data: {\"object\":\"x\"}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":null,\r\ndata: \"refusal\":\"I cannot.\"}}]}\r\n\r\n",
        "data: [DONE]\r\n\r\n",
    );
    let (_, reply) = run(&openai(), stream.as_bytes(), 3, Event::End);
    assert_eq!(reply.unwrap().text(), "I cannot.");
}

#[test]
fn limits_the_stream_and_each_event() {
    let config = config(STREAM, r#","max_response_bytes":100,"retries":0"#);
    let stream = [chunk("Hello"), "x".repeat(2000)].concat();
    for size in [1, 64, 1000] {
        let (deltas, reply) = run(&config, stream.as_bytes(), size, Event::End);
        assert_eq!(deltas.concat(), "Hello");
        let cause = reply.unwrap().incomplete.unwrap();
        assert_eq!(
            cause,
            format!("HTTP response larger than the limit of 100 bytes (`max_response_bytes`); {AT}")
        );
    }
    let (deltas, reply) = run(&config, chunk(&"y".repeat(101)).as_bytes(), 4096, Event::End);
    assert_eq!(deltas.concat().len(), 101);
    assert!(
        reply
            .unwrap()
            .incomplete
            .unwrap()
            .contains("`max_response_bytes`")
    );
    let (_, error) = run(&openai(), &[b'x'; MAX_EVENT + 1], 4096, Event::End);
    assert!(
        error
            .unwrap_err()
            .ends_with("an event of the stream is larger than 1048576 bytes")
    );
}

proptest! {
    #[test]
    fn any_split_gives_the_same_deltas(
        texts in vec(".{0,6}", 1..6),
        kind in any::<bool>(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let (config, stream) = match kind {
            true => (openai(), texts.iter().map(|text| chunk(text)).collect::<String>() + "data: [DONE]\n\n"),
            false => (claude(), texts.iter().map(|text| block_delta(text)).collect::<String>() + STOP),
        };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort();
        let (mut turn, _) = begin(&config);
        open(&mut turn);
        let mut shown = String::new();
        let parts = cuts.windows(2).map(|cut| Event::Body(&stream.as_bytes()[cut[0]..cut[1]]));
        let mut end = None;
        for event in parts.chain([Event::End]) {
            match turn.feed(event, NOW) {
                Step::More => {}
                Step::Delta(text) => shown += &text,
                step => {
                    end = Some(step);
                    break;
                }
            }
        }
        let expected = texts.concat();
        prop_assert_eq!(&shown, &expected);
        match end {
            Some(Step::Done(reply)) => prop_assert_eq!((reply.text(), &reply.incomplete), (expected.as_str(), &None)),
            Some(Step::Failed(_)) => prop_assert!(expected.is_empty(), "no text is not an answer"),
            step => prop_assert!(false, "{step:?}"),
        }
    }
}
