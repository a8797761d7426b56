//! A turn takes time in proportion to the response, whatever it holds and however it is split.

#[path = "../../clawft-types/tests/work/mod.rs"]
mod work;

use std::time::Duration;

use clawft_core::{Event, Step, Turn};
use clawft_types::{Config, Input, Message, Role, Session};

use work::assert_linear;

fn config(kind: &str, stream: bool) -> Config {
    let text = format!(
        r#"{{"agents":{{"model":"m","stream":{stream}}},"providers":{{"providers":{{"{kind}":{{"api_key":"sk-secret-key"}}}}}}}}"#
    );
    Config::parse("c", text.as_bytes()).unwrap()
}

/// Returns the end of a turn that gets this response in parts of `size` bytes.
fn end(config: &Config, status: u16, body: &[u8], size: usize) -> String {
    let input = Input::parse("Hello!").unwrap();
    let (mut turn, _) = Turn::begin(config, &|_| None, Session::default(), input).unwrap();
    let kind = if config.agents.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    let headers = [("content-type".to_owned(), kind.to_owned())];
    let parts = body.chunks(size).map(Event::Body);
    for event in [Event::Head {
        status,
        headers: &headers,
    }]
    .into_iter()
    .chain(parts)
    .chain([Event::End])
    {
        match turn.feed(event, &|| Duration::ZERO) {
            Step::More | Step::Delta(_) | Step::Reasoning(_) => {}
            Step::Done(reply) => return reply.into_text(),
            Step::Failed(error) => return error.to_string(),
            Step::Retry { .. } | Step::Send(_) | Step::Call(_) => return "again".to_owned(),
        }
    }
    unreachable!("the end is the end")
}

#[test]
fn streams_take_linear_time() {
    let chunk =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}\n\n";
    let delta =
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n";
    let choices = [
        "data: {\"choices\":[",
        &vec!["{\"delta\":{}}"; 1000].join(","),
        "]}\n\n",
    ]
    .concat();
    for (name, kind, event) in [
        ("chunks", "openai", chunk),
        ("deltas", "anthropic", delta),
        ("comments", "openai", ": keep alive\n\n"),
        ("empty lines", "openai", "\n"),
        ("carriage returns", "openai", "\r"),
        ("other fields", "anthropic", "event: ping\nid: 1\n\n"),
        ("many choices", "openai", &choices),
    ] {
        let config = config(kind, true);
        for part in [50_000, 20] {
            let stream = |size: usize| event.repeat(size * 100 / event.len() + 1).into_bytes();
            assert_linear(name, 300, stream, |body| end(&config, 200, body, part));
        }
    }
    let lines = |size| {
        [
            "data:{\"choices\":[\n",
            &"data:{},\n".repeat(size),
            "data:{}]}\n\n",
        ]
        .concat()
        .into_bytes()
    };
    assert_linear("lines of an event", 2000, lines, |body| {
        end(&config("openai", true), 200, body, 5000)
    });
}

#[test]
fn answers_take_linear_time() {
    let many = |start: &'static str, item: &'static str, end: &'static str| {
        move |count: usize| [start, &vec![item; count].join(","), end].concat().into_bytes()
    };
    let choice = r#"{"message":{"content":"hi"}}"#;
    let block = r#"{"type":"text","text":"hi"}"#;
    for (kind, body) in [
        ("openai", many(r#"{"choices":["#, choice, "]}")),
        ("anthropic", many(r#"{"content":["#, block, "]}")),
    ] {
        let config = config(kind, false);
        assert_linear(kind, 1000, body, |body| {
            let text = end(&config, 200, body, 50_000);
            assert!(text.starts_with("hi"), "{text}");
        });
    }
}

#[test]
fn error_bodies_take_linear_time() {
    let config = config("openai", false);
    for (name, word) in [
        ("words", "no "),
        ("a key", "sk-secret-key "),
        ("one word", "sk-"),
        ("nothing", " "),
    ] {
        for (start, end_) in [(r#"{"error":{"message":""#, r#""}}"#), ("", "")] {
            let body = |count| [start, &word.repeat(count), end_].concat().into_bytes();
            assert_linear(name, 1500, body, |body| end(&config, 400, body, 50_000));
        }
    }
}

#[test]
fn conversations_take_linear_time() {
    for kind in ["openai", "anthropic"] {
        let mut config = config(kind, false);
        config.agents.context_tokens = u32::MAX;
        for role in [Role::System, Role::User, Role::Assistant] {
            let session = |count| Session {
                messages: vec![Message::new(role, "Hello!"); count],
                ..Session::default()
            };
            assert_linear(kind, 1000, session, |session| {
                let input = Input::parse("Hello!").unwrap();
                Turn::begin(&config, &|_| None, session.clone(), input)
                    .unwrap()
                    .1
                    .body
                    .len()
            });
        }
    }
}
