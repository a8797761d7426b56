//! Trying again: when, how often, how long to wait, and what is said in the end.

use crate::common::{answer, begin, config};
use clawft_core::{Step, Turn};
use std::time::Duration;

/// Answers every attempt with `status` and `headers`; gives the waits in milliseconds and the final error.
fn give_up(turn: &mut Turn, status: u16, headers: &[(&str, &str)]) -> (Vec<u128>, String) {
    let mut waits = Vec::new();
    loop {
        match answer(turn, status, headers, b"{\"error\":{\"message\":\"busy\"}}") {
            Step::Retry { after, .. } => waits.push(after.as_millis()),
            Step::Failed(error) => return (waits, error.to_string()),
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn twice_by_default_then_the_providers_words() {
    for status in [429, 500, 502, 503, 504, 599] {
        let (mut turn, _) = begin(&config("", ""));
        let words = format!("provider `openai` answered {status} to each of 3 attempts: busy");
        assert_eq!(give_up(&mut turn, status, &[]), (vec![500, 1000], words));
    }
}

#[test]
fn as_often_as_the_configuration_says() {
    for retries in [0, 1, 5] {
        let (mut turn, _) = begin(&config("", &format!(r#","retries":{retries}"#)));
        assert_eq!(give_up(&mut turn, 503, &[]).0.len(), retries);
    }
}

#[test]
fn what_will_not_change_is_not_tried_again() {
    for status in [301, 400, 401, 403, 404, 422] {
        let (mut turn, _) = begin(&config("", ""));
        assert!(give_up(&mut turn, status, &[]).0.is_empty(), "{status}");
    }
}

#[test]
fn the_same_request_is_sent_again_and_its_answer_counts() {
    let (mut turn, first) = begin(&config("", ""));
    let Step::Retry { request, .. } = answer(&mut turn, 503, &[], b"") else { panic!() };
    assert_eq!(request, first);
    let Step::Done(reply) = answer(&mut turn, 200, &[], br#"{"choices":[{"message":{"content":"hi"}}]}"#)
    else {
        panic!()
    };
    assert_eq!((reply.text.as_str(), reply.session.messages.len()), ("hi", 2));
}

#[test]
fn retry_after_is_honoured_within_bounds() {
    let (mut turn, _) = begin(&config("", ""));
    assert_eq!(give_up(&mut turn, 429, &[("Retry-After", "7")]).0, [7000, 7000]);

    let (mut turn, _) = begin(&config("", ""));
    let words = "provider `openai` answered 429 and asks to wait 3600 s: busy".to_owned();
    assert_eq!(give_up(&mut turn, 429, &[("retry-after", "3600")]), (vec![], words));
}

#[test]
fn jitter_changes_the_wait_and_keeps_it_bounded() {
    let first_wait = |random| {
        let (mut turn, _) = begin(&config("", ""));
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
