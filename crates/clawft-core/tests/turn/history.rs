//! The part of a long conversation that is sent.

use clawft_core::Step;
use clawft_types::{Config, Message, Role, Session};
use serde_json::Value;

use crate::common::{answer, anthropic, begin_with, config, fixture};

/// Ten turns of 40 bytes each, and the beginning of another.
fn conversation() -> Session {
    let mut session = Session::default();
    for turn in 0..10 {
        session
            .messages
            .push(Message::new(Role::User, format!("question {turn:11}")));
        session
            .messages
            .push(Message::new(Role::Assistant, format!("answer {turn:13}")));
    }
    session
}

/// Returns the contents of the messages sent.
fn sent(config: &Config) -> Vec<String> {
    let (_, request) = begin_with(config, conversation(), "Hello!");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn sends_whole_history_by_default() {
    assert_eq!(sent(&config("", "")).len(), 21);
    assert_eq!(sent(&anthropic("", "")).len(), 21);
}

#[test]
fn sends_newest_turns_within_the_budget() {
    // 6 bytes for the message, 80 for two turns.
    let some = sent(&config(r#","context_tokens":22"#, ""));
    assert_eq!(
        some,
        [
            "question           8",
            "answer             8",
            "question           9",
            "answer             9",
            "Hello!"
        ]
    );
    assert_eq!(sent(&anthropic(r#","context_tokens":22"#, "")), some);
    assert_eq!(sent(&config(r#","context_tokens":21"#, "")).len(), 3);
    assert_eq!(sent(&config(r#","context_tokens":1"#, "")), ["Hello!"]);
}

#[test]
fn system_prompt_counts_and_is_always_sent() {
    let some = sent(&config(r#","context_tokens":22,"system_prompt":"Be brief.""#, ""));
    assert_eq!(
        some,
        [
            "Be brief.",
            "question           9",
            "answer             9",
            "Hello!"
        ]
    );
}

#[test]
fn session_keeps_the_whole_history() {
    let config = config(r#","context_tokens":1"#, "");
    let (mut turn, _) = begin_with(&config, conversation(), "Hello!");
    let Step::Done(reply) = answer(&mut turn, 200, &[], fixture!("openai-completion.json")) else {
        panic!()
    };
    assert_eq!(reply.session.messages.len(), 22);
}
