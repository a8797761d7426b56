//! The main purpose: a message gets an answer, and the next turn has both in its history.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::guests::context::{GuestContext, KEY};

cases! {
    chat:
    plain_text_in_answer_out,
    json_message_in_answer_out,
    takes_text_with_brace_as_text,
    passes_letters_of_every_script,
    second_turn_carries_the_first,
    keeps_sessions_apart_by_id,
    sends_request_as_the_provider_documents,
    sends_system_prompt_first_unstored,
    refuses_empty_message_before_sending,
    refuses_bytes_that_are_no_text,
}

fn plain_text_in_answer_out(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say("hello\n")?.answered("echo: hello")?;
    test.request()?.carries(&[("user", "hello")])?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn json_message_in_answer_out(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say("{\"role\":\"user\",\"content\":\"hello\\nthere\"}\n")?
        .answered("echo: hello\nthere")?;
    test.request()?.carries(&[("user", "hello\nthere")])
}

fn takes_text_with_brace_as_text(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say("{ is a brace")?.answered("echo: { is a brace")
}

fn passes_letters_of_every_script(test: &GuestContext<'_>) -> Result<()> {
    let message = "Grüße, 世界 — 🦀 \u{202e}\u{0}\t\"quoted\" \\ back";
    test.configure("ok")?;
    test.say(message)?.answered(&format!("echo: {message}"))?;
    test.stored(
        "default",
        &[("user", message), ("assistant", &format!("echo: {message}"))],
    )
}

fn second_turn_carries_the_first(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.component()
        .arguments(&["--session", "work"])
        .say("one")?
        .answered("echo: one")?;
    test.component()
        .arguments(&["--session", "work"])
        .say("two")?
        .answered("echo: two")?;

    let history = [
        ("user", "one"),
        ("assistant", "echo: one"),
        ("user", "two"),
        ("assistant", "echo: two"),
    ];
    test.received(2)?[1].carries(&history[..3])?;
    test.stored("work", &history)
}

fn keeps_sessions_apart_by_id(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say("for default")?.answered("echo: for default")?;
    test.component()
        .arguments(&["--session", "other"])
        .say("for other")?
        .answered("echo: for other")?;
    test.stored(
        "default",
        &[("user", "for default"), ("assistant", "echo: for default")],
    )?;
    test.stored(
        "other",
        &[("user", "for other"), ("assistant", "echo: for other")],
    )?;
    let files = test.session_files()?;
    ensure!(
        files == ["default.json", "other.json"],
        "the directory of sessions holds {files:?}"
    );
    Ok(())
}

fn sends_request_as_the_provider_documents(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say("hello")?.answered("echo: hello")?;
    let request = test.request()?;
    ensure!(request.method == "POST", "the method is `{}`", request.method);
    ensure!(
        request.path.ends_with("/v1/chat/completions"),
        "the path is `{}`",
        request.path
    );
    let authorization = request.header("authorization")?;
    ensure!(
        authorization == format!("Bearer {KEY}"),
        "`authorization` is `{authorization}`"
    );
    let content_type = request.header("content-type")?;
    ensure!(
        content_type == "application/json",
        "`content-type` is `{content_type}`"
    );
    let length = request.header("content-length")?;
    ensure!(
        length == request.body_length.to_string(),
        "`content-length` is {length}"
    );
    ensure!(
        !request.has_header("transfer-encoding"),
        "the body was sent in chunks"
    );
    Ok(())
}

fn sends_system_prompt_first_unstored(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "system_prompt": "Be brief." }))?;
    test.say("hello")?.answered("echo: hello")?;
    test.request()?
        .carries(&[("system", "Be brief."), ("user", "hello")])?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn refuses_empty_message_before_sending(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.say(" \n")?.failed(&["message is empty"])?;
    test.sent_nothing()
}

fn refuses_bytes_that_are_no_text(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    test.component().run(b"caf\xe9")?.failed(&["not UTF-8"])?;
    test.sent_nothing()
}
