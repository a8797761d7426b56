//! The exported functions, as an embedding host calls them.

use anyhow::{Context as _, Result, bail, ensure};
use devkit::ui;
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::Certificate;

use super::cases;
use crate::guests::context::{GuestContext, KEY_VARIABLE, PROVIDER};

cases! {
    exports:
    turns_of_one_instance_make_conversation,
    returns_streamed_answer_and_prints_nothing,
    goes_on_after_an_error_value,
    returns_wrong_key_error_without_key,
    returns_untrusted_certificate_as_error,
    returns_broken_off_answer_as_error,
    returns_missing_configuration_with_its_path,
    returns_capabilities_of_this_build,
    turn_adds_little_to_the_exchange,
    reads_10_kb_configuration_within_10_ms,
}

/// The result of a call.
#[derive(Debug, Deserialize)]
struct Answer {
    result: Outcome,
    /// Processor time of the call in microseconds.
    cpu_micros: u64,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
enum Outcome {
    Ok(String),
    Err(String),
}

impl Answer {
    fn is(&self, text: &str) -> Result<()> {
        ensure!(
            self.result == Outcome::Ok(text.to_owned()),
            "returned {:?}",
            self.result
        );
        Ok(())
    }

    fn failed(&self, parts: &[&str]) -> Result<()> {
        let Outcome::Err(text) = &self.result else {
            bail!("returned {:?}", self.result)
        };
        ensure!(
            parts.iter().all(|part| text.contains(part)),
            "the error is `{text}`"
        );
        Ok(())
    }
}

/// Makes `calls`, all on one instance. It prints nothing.
fn call(test: &GuestContext<'_>, calls: &[Value]) -> Result<Vec<Answer>> {
    let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
    test.component().called().say(&lines)?.answers(calls.len())
}

/// Makes one call of `process-message`.
fn process(test: &GuestContext<'_>, message: &str) -> Result<Answer> {
    Ok(call(test, &[json!({ "process-message": message })])?.remove(0))
}

fn turns_of_one_instance_make_conversation(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let json = r#"{"role":"user","content":"two"}"#;
    let answers = call(
        test,
        &[
            json!({ "process-message": "one" }),
            json!({ "process-message": json }),
        ],
    )?;
    answers[0].is("echo: one")?;
    answers[1].is("echo: two")?;
    let history = [
        ("user", "one"),
        ("assistant", "echo: one"),
        ("user", "two"),
        ("assistant", "echo: two"),
    ];
    test.received(2)?[1].carries(&history[..3])?;
    test.stored("default", &history)
}

fn returns_streamed_answer_and_prints_nothing(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "stream": true }))?;
    process(test, "hello")?.is("echo: hello")?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn goes_on_after_an_error_value(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let answers = call(
        test,
        &[
            json!({ "process-message": " \n" }),
            json!({ "process-message": "hello" }),
        ],
    )?;
    answers[0].failed(&["message is empty"])?;
    answers[1].is("echo: hello")?;
    test.stored("default", &[("user", "hello"), ("assistant", "echo: hello")])
}

fn returns_wrong_key_error_without_key(test: &GuestContext<'_>) -> Result<()> {
    test.configure("status-401")?;
    process(test, "hello")?.failed(&["Invalid API key", PROVIDER, KEY_VARIABLE])?;
    test.stored_nothing()
}

fn returns_untrusted_certificate_as_error(test: &GuestContext<'_>) -> Result<()> {
    test.configure_presented(Certificate::Untrusted)?;
    let words = [
        "HTTP unavailable: TLS failed",
        "the server's certificate is not trusted",
    ];
    process(test, "hello")?.failed(&words)?;
    test.sent_nothing()
}

/// An error is the only way to report a broken stream; the part that arrived is stored.
fn returns_broken_off_answer_as_error(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("stream-cut", json!({ "stream": true }))?;
    process(test, "hello there, how are you")?.failed(&["the answer is incomplete"])?;
    ensure!(
        test.session_files()?.contains(&"default.json".to_owned()),
        "nothing is stored"
    );
    Ok(())
}

fn returns_missing_configuration_with_its_path(test: &GuestContext<'_>) -> Result<()> {
    process(test, "hello")?.failed(&["/config/config.json"])
}

fn returns_capabilities_of_this_build(test: &GuestContext<'_>) -> Result<()> {
    let answer = call(test, &[json!("capabilities")])?.remove(0);
    let Outcome::Ok(text) = answer.result else {
        bail!("returned {:?}", answer.result)
    };
    let found: Value = serde_json::from_str(&text).context("the capabilities are not JSON")?;
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({
        "version": version, "platform": "wasm32-wasip2", "http": true, "fs": true, "status": "ready",
    });
    ensure!(found == expected, "the capabilities are {found}");
    Ok(())
}

/// Beside the exchange, a turn reads the configuration and the session and writes the session to disk. The fastest
/// of several runs counts, because disturbances make a run longer. What it takes by the clock is measured by
/// `cargo xtask bench component`.
fn turn_adds_little_to_the_exchange(test: &GuestContext<'_>) -> Result<()> {
    const TURNS: usize = 20;
    test.configure("ok")?;
    let body = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "hello" }] });
    let native = json!({ "native": { "url": test.url("ok"), "body": body.to_string() } });
    let turns = vec![[native, json!({ "process-message": "hello" })]; TURNS].concat();
    let answers = call(test, &turns)?;
    let quickest = |first: usize| {
        answers
            .iter()
            .skip(first)
            .step_by(2)
            .map(|answer| answer.cpu_micros)
            .min()
    };
    let (native, turn) = quickest(0).zip(quickest(1)).context("no turns")?;
    for answer in answers.iter().skip(1).step_by(2) {
        answer.is("echo: hello")?;
    }
    ui::status(
        "Measured",
        &format!("processor time: exchange {native} µs natively, a turn in the guest {turn} µs"),
    );
    ensure!(
        turn < native + 20_000,
        "a turn takes {turn} µs of the processor, the exchange alone {native} µs"
    );
    Ok(())
}

/// A configuration that is read to its end, but lacks a key, takes no time for anything else.
fn reads_10_kb_configuration_within_10_ms(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("ok", json!({ "system_prompt": "Be brief. ".repeat(1000) }))?;
    let calls = vec![json!({ "process-message": "" }); 50];
    let answers = call(test, &calls)?;
    for answer in &answers {
        answer.failed(&["message is empty"])?;
    }
    let quickest = answers
        .iter()
        .map(|answer| answer.cpu_micros)
        .min()
        .context("no calls")?;
    ui::status(
        "Measured",
        &format!("configuration of 10 KB read in the guest in {quickest} µs"),
    );
    ensure!(quickest < 10_000, "reading the configuration takes {quickest} µs");
    Ok(())
}
