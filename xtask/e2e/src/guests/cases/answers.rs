//! Answers and errors of real providers, byte for byte, whatever the request asks for.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::cases;
use crate::guests::context::{ANTHROPIC, GuestContext, PROVIDER};

cases! {
    answers:
    warns_of_truncated_and_filtered_answers,
    keeps_reasoning_apart_from_text,
    sends_signed_reasoning_back,
    reads_answers_that_bend_the_protocol,
    reports_failures_inside_success,
    keeps_text_before_failure_in_stream,
    shows_messages_of_every_shape,
    asks_again_after_empty_choices,
}

/// Configures the guest for the answer in `file`. Its dialect follows from the name.
fn configure(test: &GuestContext<'_>, file: &str, stream: bool, provider: Value) -> Result<&'static str> {
    let name = if file.starts_with("anthropic-") {
        ANTHROPIC
    } else {
        PROVIDER
    };
    let scenario = format!("recorded-{file}");
    test.configure_as(name, &scenario, provider, json!({ "stream": stream }))?;
    Ok(name)
}

/// Runs `check` for each file, with and without a stream, in a context of its own.
fn for_each<T>(
    test: &GuestContext<'_>,
    files: &[(&str, T)],
    check: impl Fn(&GuestContext<'_>, &str, &T) -> Result<()>,
) -> Result<()> {
    for (file, expected) in files {
        for stream in [false, true] {
            let test = &test.within(&format!("{file}-{stream}"))?;
            configure(test, file, stream, json!({}))?;
            check(test, file, expected).with_context(|| format!("`{file}`, stream: {stream}"))?;
        }
    }
    Ok(())
}

fn last_message(test: &GuestContext<'_>) -> Result<Value> {
    let session = test.session_json("default")?;
    let messages = session["messages"].as_array().context("no messages")?;
    messages.last().cloned().context("the session is empty")
}

fn warns_of_truncated_and_filtered_answers(test: &GuestContext<'_>) -> Result<()> {
    let files = [
        ("length.json", ("this sentence is cut in the mid", "length")),
        ("anthropic-max-tokens.sse", ("this sentence is cut", "max_tokens")),
        ("content-filter.sse", ("this is ", "content_filter")),
        ("anthropic-refusal.json", ("", "refusal")),
    ];
    for_each(test, &files, |test, _, (text, reason)| {
        let outcome = test.say("ping")?;
        outcome.ended_in_order()?;
        ensure!(
            outcome.exit == Some(1),
            "exit code {:?}, expected 1",
            outcome.exit
        );
        ensure!(
            outcome.stdout == format!("{text}\n"),
            "printed {:?}",
            outcome.stdout
        );
        outcome.said(&["warning: ", &format!("(finish reason `{reason}`)")])?;
        let stored = last_message(test)?;
        ensure!(
            stored["content"] == *text && stored["finish_reason"] == *reason,
            "stored {stored}"
        );
        test.stored_incomplete("default", false)
    })
}

fn keeps_reasoning_apart_from_text(test: &GuestContext<'_>) -> Result<()> {
    let files = [
        ("mistral-reasoning.sse", "hm"),
        ("deepseek-reasoning.sse", "hm"),
        ("think-tag.sse", "\nhm\n"),
        ("anthropic-thinking.json", "hm"),
    ];
    for_each(test, &files, |test, _, reasoning| {
        test.say("ping")?.answered("pong")?;
        let stored = last_message(test)?;
        ensure!(
            stored["content"] == "pong" && stored["reasoning"][0]["thinking"] == *reasoning,
            "stored {stored}"
        );
        Ok(())
    })?;
    configure(test, "reasoning-only.json", false, json!({}))?;
    let outcome = test.say("ping")?;
    outcome.ended_in_order()?;
    ensure!(outcome.stdout == "\n", "printed {:?}", outcome.stdout);
    outcome.said(&["warning: the answer holds no text (finish reason `stop`)"])?;
    let stored = last_message(test)?;
    ensure!(
        stored["reasoning"][0]["thinking"] == "The answer is Canberra.",
        "stored {stored}"
    );
    Ok(())
}

fn sends_signed_reasoning_back(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "anthropic-thinking.json", false, json!({}))?;
    test.say("ping")?.answered("pong")?;
    test.say("and again")?.answered("pong")?;
    let body = test.received(2)?.remove(1).json()?;
    let content = json!([
        { "type": "thinking", "thinking": "hm", "signature": "c2ln" },
        { "type": "text", "text": "pong" },
    ]);
    ensure!(
        body["messages"][1]["content"] == content,
        "sent {}",
        body["messages"]
    );
    // To another provider, only the text goes.
    configure(test, "length.json", false, json!({}))?;
    test.say("and you?")?;
    let body = test.received(3)?.remove(2).json()?;
    ensure!(
        body["messages"][1]["content"] == "pong",
        "sent {}",
        body["messages"]
    );
    Ok(())
}

fn reads_answers_that_bend_the_protocol(test: &GuestContext<'_>) -> Result<()> {
    let files = [
        ("bom.json", "pong"),
        ("done-with-space.sse", "pong"),
        ("empty-error.json", "pong"),
        ("stream-as-json.sse", "pong"),
        ("lone-surrogate.json", "pong\u{fffd}"),
    ];
    for_each(test, &files, |test, _, text| test.say("ping")?.answered(text))
}

fn reports_failures_inside_success(test: &GuestContext<'_>) -> Result<()> {
    let files = [
        ("choice-error.json", ("502", "upstream fell over", true)),
        (
            "vllm-error.sse",
            ("400", "maximum context length exceeded", false),
        ),
        (
            "llamacpp-error.sse",
            ("400", "exceeds the available context size", false),
        ),
        ("error-429-in-200.json", ("429", "slow down", true)),
        ("anthropic-overloaded.sse", ("529", "Overloaded", true)),
    ];
    for_each(test, &files, |test, file, (status, message, again)| {
        test.say("ping")?.failed(&[status, message, "provider `"])?;
        test.stored_nothing()?;
        configure(test, file, true, json!({ "retries": 1 }))?;
        test.say("ping")?.failed(&[message])?;
        test.received(if *again { 3 } else { 2 }).map(drop)
    })
}

fn keeps_text_before_failure_in_stream(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "openrouter-mid-stream.sse", true, json!({}))?;
    test.say("ping")?
        .broke_off("half", &["answered 502", "Provider disconnected"])?;
    test.stored_incomplete("default", true)
}

fn shows_messages_of_every_shape(test: &GuestContext<'_>) -> Result<()> {
    let url = "/v1/chat/completions` answered ";
    let files = [
        ("fastapi-422.json", ["422", "body.messages: Field required"]),
        ("gemini-bad-key.json", ["Invalid API key: ", "API key not valid."]),
        (
            "openrouter-raw.json",
            ["429", "Provider returned error: cold start"],
        ),
        (
            "cloudflare-errors.json",
            [
                "404, check `api_base`, to which `/chat/completions` was appended: ",
                "Could not route to the path",
            ],
        ),
        ("rfc9457.json", ["403, ", ": Forbidden: Not in your region."]),
        (
            "unknown-error.json",
            ["500, ", r#"{"reason_code":7,"info":{"a":[1,2]}}"#],
        ),
    ];
    for_each(test, &files, |test, _, [first, second]| {
        test.say("ping")?.failed(&[
            &format!("provider `{PROVIDER}` at `127.0.0.1:"),
            url,
            first,
            second,
        ])?;
        test.stored_nothing()
    })
}

fn asks_again_after_empty_choices(test: &GuestContext<'_>) -> Result<()> {
    configure(test, "empty-choices.json", false, json!({ "retries": 1 }))?;
    test.say("ping")?.failed(&["an answer without text"])?;
    test.received(2)?;
    test.stored_nothing()
}
