//! Turns through the module's exported functions, with the network of the host.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{call, take, turn};
use crate::{
    guests::context::{ANTHROPIC, GuestContext, KEY, KEY_VARIABLE, PROVIDER, PROVIDERS},
    harness::case::cases,
};

/// A message that is echoed in the pieces `echo: `, `one `, `two `, `three ` and `four`.
const MESSAGE: &str = "one two three four";

cases! {
    turns:
    answers_host_with_a_network,
    sends_same_request_as_the_component,
    streams_answer_in_pieces,
    turns_of_one_instance_make_conversation,
    two_turns_run_side_by_side,
    reports_wrong_key_without_the_key,
    retries_what_may_pass,
    reports_when_nobody_listens,
    times_out_on_silent_server,
    keeps_broken_off_answer_as_incomplete,
    keeps_damaged_session_aside_with_warning,
    returns_answer_that_cannot_be_stored,
    reports_missing_configuration_with_path,
}

fn answers_host_with_a_network(test: &GuestContext<'_>) -> Result<()> {
    for name in PROVIDERS {
        let test = &test.within(name)?;
        test.configure_as(name, "ok", json!({}), json!({}))?;
        let answer = take(test, "hello")?;
        answer.is("echo: hello")?;
        ensure!(
            answer.pieces.len() == 1,
            "a whole answer came in {} pieces",
            answer.pieces.len()
        );
        test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])?;
        let files = test.session_files()?;
        ensure!(
            files == ["default.json"],
            "the directory of sessions holds {files:?}"
        );
    }
    Ok(())
}

fn sends_same_request_as_the_component(test: &GuestContext<'_>) -> Result<()> {
    for name in PROVIDERS {
        let test = &test.within(name)?;
        test.configure_as(name, "ok", json!({}), json!({ "system_prompt": "Be brief." }))?;
        let message = "Grüße, 世界 — 🦀 \"quoted\" \\ ".repeat(500);
        let message = message.trim_end();
        take(test, message)?.is(&format!("echo: {message}"))?;
        let request = test.request()?;
        let (header, value) = match name {
            ANTHROPIC => ("x-api-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        };
        ensure!(request.header(header)? == value, "`{header}` is not the key");
        let length = request.header("content-length")?;
        ensure!(
            length == request.body_length.to_string(),
            "`content-length` is {length}"
        );
        let last = request.messages()?.pop().unwrap_or_default();
        ensure!(
            last == ("user".to_owned(), message.to_owned()),
            "the message is not the last one sent"
        );
    }
    Ok(())
}

fn streams_answer_in_pieces(test: &GuestContext<'_>) -> Result<()> {
    for name in PROVIDERS {
        let test = &test.within(name)?;
        test.configure_as(name, "stream-slow", json!({}), json!({ "stream": true }))?;
        let answer = take(test, MESSAGE)?;
        answer.is("echo: one two three four")?;
        ensure!(
            answer.pieces[..4] == ["echo: ", "one ", "two ", "three "],
            "the pieces are {:?}",
            answer.pieces
        );
        test.stored(
            "default",
            &[("user", MESSAGE), ("assistant", "echo: one two three four")],
        )?;
        test.stored_incomplete("default", false)?;
    }
    Ok(())
}

fn turns_of_one_instance_make_conversation(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let json = r#"{"role":"user","content":"two"}"#;
    let answers = call(
        test.wasip1(),
        &[turn("one", ""), turn(json, "default"), turn("three", "other")],
    )?;
    answers[0].is("echo: one")?;
    answers[1].is("echo: two")?;
    answers[2].is("echo: three")?;
    let history = [
        ("user", "one"),
        ("assistant", "echo: one"),
        ("user", "two"),
        ("assistant", "echo: two"),
    ];
    test.received(3)?[1].carries(&history[..3])?;
    test.stored("default", &history)?;
    test.stored("other", &[("user", "three"), ("assistant", "echo: three")])
}

/// The calls contain the answers of the provider, which the host would otherwise fetch.
fn two_turns_run_side_by_side(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let begin = |message: &str, session: &str| json!({ "function": ["clawft_begin", [message, session]] });
    let feed = |turn: i32, event: i32, number: i32, bytes: &str| json!({ "function": ["clawft_feed", [turn, event, number, bytes, 10]] });
    let (head, body, end) = (1, 2, 3);
    let said = |text: &str| {
        let message = json!({ "role": "assistant", "content": text });
        json!({ "choices": [{ "message": message, "finish_reason": "stop" }] }).to_string()
    };
    let (one, two) = (said("to one"), said("to two"));
    let calls = [
        (begin("one", "a"), "1"),
        (begin("two", "b"), "2"),
        (feed(2, head, 200, "content-type: application/json\r\n"), "2"),
        (feed(1, head, 200, "content-type: application/json\n"), "2"),
        (feed(2, body, 0, &two[..20]), "2"),
        (feed(1, body, 0, &one), "2"),
        (feed(1, end, 0, ""), "3"),
        (feed(2, body, 0, &two[20..]), "2"),
        (feed(2, end, 0, ""), "3"),
        (json!({ "text": [1, 6] }), "to one"),
        (json!({ "text": [2, 6] }), "to two"),
        (json!({ "function": ["clawft_drop", [2]] }), "0"),
        (json!({ "function": ["clawft_drop", [1]] }), "0"),
    ];
    let answers = call(test.wasip1(), &calls.each_ref().map(|(call, _)| call.clone()))?;
    answers
        .iter()
        .zip(&calls)
        .try_for_each(|(answer, (_, expected))| answer.returned(expected))?;
    test.stored("a", &[("user", "one"), ("assistant", "to one")])?;
    test.stored("b", &[("user", "two"), ("assistant", "to two")])
}

fn reports_wrong_key_without_the_key(test: &GuestContext<'_>) -> Result<()> {
    test.configure("status-401")?;
    take(test, "hello")?.failed(&["Invalid API key", PROVIDER, KEY_VARIABLE])?;
    test.received(1)?;
    test.stored_nothing()
}

fn retries_what_may_pass(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("recovers", json!({ "retries": 2 }))?;
    take(test, "hello")?.is("echo: hello")?;
    test.received(2)?;
    let exhausted = &test.within("exhausted")?;
    exhausted.configure_with("status-503", json!({ "retries": 1 }))?;
    take(exhausted, "hello")?.failed(&[PROVIDER, "503"])?;
    exhausted.received(2)?;
    exhausted.stored_nothing()
}

fn reports_when_nobody_listens(test: &GuestContext<'_>) -> Result<()> {
    test.configure_at("http://127.0.0.1:1/v1", json!({ "retries": 0 }))?;
    take(test, "hello")?.failed(&["HTTP unavailable: ", "refused"])?;
    test.stored_nothing()
}

fn times_out_on_silent_server(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("silent", json!({ "retries": 0, "timeout_secs": 1 }))?;
    take(test, "hello")?.failed(&["Request timed out after 1 s"])?;
    test.stored_nothing()
}

fn keeps_broken_off_answer_as_incomplete(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("stream-cut", json!({ "stream": true }))?;
    let answer = take(test, MESSAGE)?;
    answer.returned("echo: one two ")?;
    ensure!(
        answer.pieces.concat() == "echo: one two ",
        "the pieces are {:?}",
        answer.pieces
    );
    ensure!(
        answer.incomplete.contains("ended early"),
        "broke off: `{}`",
        answer.incomplete
    );
    test.stored_incomplete("default", true)
}

fn keeps_damaged_session_aside_with_warning(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.write("sessions/default.json", b"damaged")?;
    let answer = take(test, "hello")?;
    answer.is_all_of("echo: hello")?;
    ensure!(
        answer.warnings.contains("default.json.damaged-1"),
        "warned `{}`",
        answer.warnings
    );
    let kept = fs::read(test.granted().join("sessions/default.json.damaged-1"))?;
    ensure!(kept == b"damaged", "the damaged bytes have changed");
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn returns_answer_that_cannot_be_stored(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.make_sessions_unwritable()?;
    let answer = take(test, "hello")?;
    answer.is_all_of("echo: hello")?;
    ensure!(
        answer.warnings.contains("the answer is not stored"),
        "warned `{}`",
        answer.warnings
    );
    ensure!(
        answer.unstored.contains("sessions/default.json"),
        "not stored: `{}`",
        answer.unstored
    );
    Ok(())
}

fn reports_missing_configuration_with_path(test: &GuestContext<'_>) -> Result<()> {
    take(test, "hello")?.failed(&["/config/config.json"])?;
    let calls: [Value; 2] = [turn(" \n", ""), turn("hello", "../escape")];
    test.configure("ok")?;
    let answers = call(test.wasip1(), &calls)?;
    answers[0].failed(&["message is empty"])?;
    answers[1].failed(&["session"])?;
    test.sent_nothing()
}
