//! The total timeout of an answer includes the time for reading it.

use std::{cell::Cell, time::Duration};

use clawft_core::{Event, Step, TimeLimit, TransportError, Turn, TurnError};
use clawft_types::Config;

use crate::common::{NOW, anthropic, begin, config};

const TIMEOUT: Duration = Duration::from_secs(600);

/// Returns a body of some hundred kilobytes with very many small values.
fn body(start: &str, item: &str, end: &str) -> Vec<u8> {
    [start, &vec![item; 20_000].join(","), end].concat().into_bytes()
}

/// Returns the end of a turn that gets `body` before any time has passed, and how often the clock was read
/// since then. After `times` reads the time is over.
fn end(config: &Config, body: &[u8], times: usize) -> (Step, usize) {
    let (mut turn, _) = begin(config);
    turn.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        NOW,
    );
    turn.feed(Event::Body(body), NOW);
    let asked = Cell::new(0);
    let clock = || {
        asked.set(asked.get() + 1);
        if asked.get() > times {
            TIMEOUT
        } else {
            TIMEOUT - Duration::from_nanos(1)
        }
    };
    let step = turn.feed(Event::End, &clock);
    (step, asked.get())
}

#[test]
fn times_out_while_reading_an_answer() {
    let choices = body(
        r#"{"choices":["#,
        r#"{"message":{"content":"hi"}}"#,
        r#"],"usage":{}}"#,
    );
    let blocks = body(r#"{"content":["#, r#"{"type":"text","text":"hi"}"#, "]}");
    let usage = body(r#"{"content":[{"text":"hi"}],"usage":{"#, r#""x":1"#, "}}");
    for (config, body) in [
        (config("", ""), choices),
        (anthropic("", ""), blocks),
        (anthropic("", ""), usage),
    ] {
        let (step, asked) = end(&config, &body, usize::MAX);
        let Step::Done(reply) = step else {
            panic!("{step:?}")
        };
        assert!(reply.text().starts_with("hi"));
        assert!(
            asked > body.len() / 20_000,
            "asked {asked} times in {} bytes",
            body.len()
        );
        for times in [0, 1, asked / 2, asked - 1] {
            let (step, asked) = end(&config, &body, times);
            let Step::Failed(error) = step else {
                panic!("{step:?} after the clock was asked {times} times")
            };
            assert!(
                matches!(
                    error,
                    TurnError::Transport {
                        error: TransportError::TimedOut {
                            after: TIMEOUT,
                            limit: TimeLimit::Total
                        },
                        ..
                    }
                ),
                "{error:?}"
            );
            assert!(
                error
                    .to_string()
                    .starts_with("Request timed out after 600 s (`total_timeout_secs`)"),
                "{error}"
            );
            assert_eq!(
                asked,
                times + 2,
                "once more to see whether there is time for another attempt"
            );
        }
    }
}

#[test]
fn reads_a_small_answer_after_the_deadline() {
    let body = br#"{"choices":[{"message":{"content":"hi"}}]}"#;
    let (step, asked) = end(&config("", ""), body, 0);
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    assert_eq!(asked, 0);
}

#[test]
fn times_out_while_reading_an_invalid_answer() {
    let body = body(r#"{"choices":3,"x":["#, "1", "]}");
    let (step, asked) = end(&config("", ""), &body, usize::MAX);
    assert!(
        matches!(step, Step::Failed(TurnError::BadResponse { .. })),
        "{step:?}"
    );
    // The last read of the clock decides whether there is time for another attempt.
    let (step, _) = end(&config("", ""), &body, asked - 2);
    assert!(
        matches!(step, Step::Failed(TurnError::Transport { .. })),
        "{step:?}"
    );
}

#[test]
fn reads_only_the_useful_part_of_an_error() {
    let config = config("", r#","retries":0"#);
    let fed = |status, bytes: usize| {
        let (mut turn, _): (Turn<'_>, _) = begin(&config);
        turn.feed(Event::Head { status, headers: &[] }, NOW);
        turn.feed(Event::Body(&vec![b'x'; bytes]), NOW)
    };
    assert!(matches!(fed(500, 1 << 20), Step::More));
    let Step::Failed(error) = fed(500, (1 << 20) + 1) else {
        panic!()
    };
    assert!(
        error.to_string().starts_with(
            "provider `openai` at `api.openai.com/v1/chat/completions` answered 500, try again later: xxx"
        ),
        "{error}"
    );
    assert!(matches!(fed(200, (1 << 20) + 1), Step::More));
}
