//! Retries: when, how often, after which wait, and with which final error.

use std::time::Duration;

use clawft_core::{Event, Step, TimeLimit, TransportError, Turn};

use crate::common::{AT, NOW, answer, begin, config, unreachable};

const BUSY: &[u8] = b"{\"error\":{\"message\":\"busy\"}}";

/// Answers every attempt with `status` and `headers`; returns the waits in milliseconds and the final error.
fn give_up(turn: &mut Turn<'_>, status: u16, headers: &[(&str, &str)]) -> (Vec<u128>, String) {
    let mut waits = Vec::new();
    loop {
        match answer(turn, status, headers, BUSY) {
            Step::Retry { after, .. } => waits.push(after.as_millis()),
            Step::Failed(error) => return (waits, error.to_string()),
            step => panic!("{step:?}"),
        }
    }
}

fn give_up_by_default(status: u16, headers: &[(&str, &str)]) -> (Vec<u128>, String) {
    let config = config("", "");
    let (mut turn, _) = begin(&config);
    give_up(&mut turn, status, headers)
}

fn unavailable() -> Event<'static> {
    Event::Failed(TransportError::Unavailable("connection reset".to_owned()))
}

#[test]
fn retries_twice_by_default() {
    for status in [
        408, 409, 425, 429, 500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 529,
    ] {
        let (waits, words) = give_up_by_default(status, &[]);
        assert_eq!(waits, [500, 1000], "{status}");
        let start = format!("{AT} answered {status} in the last of 3 attempts, ");
        assert!(words.starts_with(&start) && words.ends_with(": busy"), "{words}");
    }
}

#[test]
fn retries_as_often_as_configured() {
    for retries in [0, 1, 5] {
        let config = config("", &format!(r#","retries":{retries}"#));
        let (mut turn, _) = begin(&config);
        assert_eq!(give_up(&mut turn, 503, &[]).0.len(), retries);
    }
}

#[test]
fn does_not_retry_lasting_errors() {
    for status in [400, 401, 402, 403, 404, 410, 413, 422, 600] {
        assert!(give_up_by_default(status, &[]).0.is_empty(), "{status}");
    }
    for error in [
        TransportError::Impossible("there is no HTTP".to_owned()),
        TransportError::TimedOut {
            after: Duration::from_secs(30),
            limit: TimeLimit::FirstByte,
        },
        TransportError::TooLarge { limit: 5 },
    ] {
        let config = config("", "");
        let (mut turn, _) = begin(&config);
        assert!(matches!(turn.feed(Event::Failed(error), NOW), Step::Failed(_)));
    }
}

#[test]
fn retries_a_failed_connection() {
    let config = config("", "");
    let (mut turn, first) = begin(&config);
    let Step::Retry { request, .. } = turn.feed(unavailable(), NOW) else {
        panic!()
    };
    assert_eq!((request.url, request.body), (first.url, first.body));
    // The same in the middle of an answer of which nothing was shown.
    turn.feed(
        Event::Head {
            status: 200,
            headers: &[],
        },
        NOW,
    );
    turn.feed(Event::Body(b"{"), NOW);
    let Step::Retry { .. } = turn.feed(unavailable(), NOW) else {
        panic!()
    };
    let Step::Failed(error) = turn.feed(unavailable(), NOW) else {
        panic!()
    };
    assert_eq!(
        error.to_string(),
        unreachable("HTTP unavailable: connection reset")
    );
}

#[test]
fn retry_sends_the_same_request() {
    let config = config("", "");
    let (mut turn, first) = begin(&config);
    let Step::Retry { request, after } = answer(&mut turn, 503, &[], b"") else {
        panic!()
    };
    assert_eq!(request.timeout, first.timeout - after);
    assert_eq!(
        (request.url, request.headers, request.body),
        (first.url, first.headers, first.body)
    );
    let Step::Done(reply) = answer(
        &mut turn,
        200,
        &[],
        br#"{"choices":[{"message":{"content":"hi"}}]}"#,
    ) else {
        panic!()
    };
    assert_eq!((reply.text(), reply.session.messages.len()), ("hi", 2));
}

#[test]
fn honours_retry_after_within_limits() {
    assert_eq!(give_up_by_default(429, &[("Retry-After", "7")]).0, [7000, 7000]);
    let date = |retry_after| {
        let headers = [
            ("date", "Tue, 29 Feb 2028 23:59:58 GMT"),
            ("Retry-After", retry_after),
        ];
        give_up_by_default(503, &headers).0
    };
    assert_eq!(date("Wed, 01 Mar 2028 00:00:07 GMT"), [9000, 9000]);
    assert_eq!(
        date("Tue, 29 Feb 2028 00:00:00 GMT"),
        [500, 1000],
        "a date that is over"
    );
    assert_eq!(date("soon"), [500, 1000]);

    let words = "provider `openai` at `api.openai.com/v1/chat/completions` answered 429 and asks to wait 3600 s, check the limits of the account, or try again later: busy".to_owned();
    assert_eq!(
        give_up_by_default(429, &[("retry-after", "3600")]),
        (vec![], words)
    );
}

#[test]
fn no_attempt_begins_after_deadline() {
    let config = config("", r#","timeout_secs":10,"retries":10"#);
    let (mut turn, first) = begin(&config);
    assert_eq!(first.timeout, Duration::from_secs(10));
    let Step::Retry { request, .. } = turn.feed(unavailable(), &|| Duration::from_secs(9)) else {
        panic!()
    };
    assert_eq!(request.timeout, Duration::from_millis(500));
    let late = Duration::from_millis(9900);
    assert!(matches!(turn.feed(unavailable(), &|| late), Step::Failed(_)));

    let (mut turn, _) = begin(&config);
    assert!(matches!(
        turn.feed(unavailable(), &|| Duration::MAX),
        Step::Failed(_)
    ));
}

#[test]
fn timeout_of_retry_names_the_whole_time() {
    let config = config("", "");
    let (mut turn, _) = begin(&config);
    turn.feed(unavailable(), &|| Duration::from_secs(20));
    let timed_out = Event::Failed(TransportError::TimedOut {
        after: Duration::from_millis(9500),
        limit: TimeLimit::FirstByte,
    });
    let Step::Failed(error) = turn.feed(timed_out, &|| Duration::from_secs(30)) else {
        panic!()
    };
    assert_eq!(
        error.to_string(),
        format!("Request timed out after 30 s; {AT}, check `timeout_secs` and the server")
    );
}

#[test]
fn jitter_lengthens_the_wait_within_limits() {
    let first_wait = |random| {
        let config = config("", "");
        let (mut turn, _) = begin(&config);
        turn.set_jitter(random);
        match answer(&mut turn, 500, &[], b"") {
            Step::Retry { after, .. } => after,
            step => panic!("{step:?}"),
        }
    };
    assert_eq!(first_wait(0), Duration::from_millis(500));
    assert_ne!(first_wait(0x8000_0000), first_wait(0xf000_0000));
    assert!(first_wait(u32::MAX) <= Duration::from_millis(750));
}
