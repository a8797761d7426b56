//! A turn with the same response to every request, driven as a platform does.

use std::time::Duration;

use clawft_core::{Event, Reply, Step, Turn};
use clawft_types::{Config, Input, Role, Session};

use crate::response::Response;

/// The key of the requests, which no error may repeat.
const KEY: &str = "sk-proj-Abc123Def456Ghi789wxyz";

/// The result of a turn as the user sees it. It must not depend on the split of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The answer, or the error.
    end: Result<Reply, String>,
    /// The time of the end, which consists of the waits between retries.
    elapsed: Duration,
}

/// Drives a turn to its end. Bodies come in parts of `size` bytes.
pub(crate) fn drive(config: &Config, response: &Response<'_>, size: usize) -> Outcome {
    let variable = |name: &str| (name == "KEY").then(|| KEY.to_owned());
    let input = Input::parse("Hello!").expect("a message");
    let (mut turn, _) = Turn::begin(config, &variable, Session::default(), input).expect("a turn");
    let timeout = config.provider.timeout;
    let mut elapsed = Duration::ZERO;
    for _ in 0..=config.provider.retries {
        let mut shown = String::new();
        match feed(&mut turn, response, size, elapsed, &mut shown) {
            Step::Retry { after, request } => {
                elapsed += after;
                assert!(
                    elapsed < timeout,
                    "a retry begins {elapsed:?} after the turn, and that is too late"
                );
                assert!(
                    request.timeout <= timeout - elapsed,
                    "a retry may take longer than the turn"
                );
                assert_eq!(shown, "", "a retry after something was shown");
            }
            step => {
                return Outcome {
                    end: end(step, &shown),
                    elapsed,
                };
            }
        }
    }
    panic!("more retries than were asked for");
}

/// Feeds a complete response, as long as the turn asks for more.
fn feed(
    turn: &mut Turn,
    response: &Response<'_>,
    size: usize,
    elapsed: Duration,
    shown: &mut String,
) -> Step {
    let head = Event::Head {
        status: response.status,
        headers: &response.headers,
    };
    let body = response.body.chunks(size).map(Event::Body);
    for event in [head].into_iter().chain(body) {
        match step(turn, event, elapsed, shown) {
            Step::More => {}
            step => return step,
        }
    }
    step(turn, Event::End, elapsed, shown)
}

/// Feeds an event and takes the text that it adds.
fn step(turn: &mut Turn, event: Event<'_>, elapsed: Duration, shown: &mut String) -> Step {
    let mut step = turn.feed(event, &|| elapsed);
    loop {
        match &step {
            Step::Delta(text) => shown.push_str(text),
            Step::Reasoning(_) => {}
            _ => return step,
        }
        step = turn.feed(Event::Body(&[]), &|| elapsed);
    }
}

fn end(step: Step, shown: &str) -> Result<Reply, String> {
    match step {
        Step::Done(reply) => {
            check_reply(&reply, shown);
            Ok(*reply)
        }
        Step::Failed(error) => {
            assert_eq!(shown, "", "something was shown, and it is lost");
            let error = error.to_string();
            check_secrecy(&error);
            Err(error)
        }
        _ => panic!("a response that is over leads nowhere"),
    }
}

fn check_reply(reply: &Reply, shown: &str) {
    let is_explained = reply.warning.is_some() || reply.incomplete.is_some();
    assert!(!reply.text().is_empty() || is_explained, "an answer without text");
    assert_eq!(
        shown,
        if reply.streamed { reply.text() } else { "" },
        "what was shown is not the answer"
    );
    if let Some(cause) = &reply.incomplete {
        check_secrecy(cause);
    }
    let stored: Vec<_> = reply
        .session
        .messages
        .iter()
        .map(|said| (said.role, said.content.as_str()))
        .collect();
    assert_eq!(stored, [(Role::User, "Hello!"), (Role::Assistant, reply.text())]);
    assert_eq!(
        Session::parse(&reply.session.to_json()).as_ref(),
        Ok(&reply.session),
        "it cannot be stored"
    );
}

/// Asserts that no error contains a useful part of the key.
fn check_secrecy(error: &str) {
    crate::wording::check(error);
    let part = (0..=KEY.len() - 8)
        .map(|start| &KEY[start..start + 8])
        .find(|part| error.contains(part));
    assert_eq!(part, None, "the key is in the error: {error}");
}
