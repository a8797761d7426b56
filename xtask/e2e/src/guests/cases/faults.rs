//! Unreachable networks, and servers that keep their clients waiting.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::guests::context::GuestContext;

/// An address without a server: port 1 is reserved, and no current service uses it.
const NOBODY: &str = "http://127.0.0.1:1/v1";

cases! {
    faults:
    names_cause_when_nobody_listens,
    names_cause_for_large_message_too,
    names_cause_for_unknown_host,
    times_out_on_silent_server,
    times_out_on_stalled_answer,
    waits_for_slow_answer_within_timeout,
    host_without_http_refuses_component,
}

fn names_cause_when_nobody_listens(test: &GuestContext<'_>) -> Result<()> {
    test.configure_at(NOBODY, json!({ "retries": 0 }))?;
    test.say("hello")?.failed(&["HTTP unavailable", "refused"])
}

/// The writer of the body fails first, and its error has no cause.
fn names_cause_for_large_message_too(test: &GuestContext<'_>) -> Result<()> {
    test.configure_at(NOBODY, json!({ "retries": 0 }))?;
    test.say(&"large ".repeat(50_000))?
        .failed(&["HTTP unavailable", "refused"])
}

fn names_cause_for_unknown_host(test: &GuestContext<'_>) -> Result<()> {
    test.configure_at("http://no-such-host.invalid/v1", json!({ "retries": 0 }))?;
    // The resolver decides the cause; the message must contain one.
    test.say("hello")?.failed(&["HTTP unavailable: "])
}

fn times_out_on_silent_server(test: &GuestContext<'_>) -> Result<()> {
    times_out(test, "silent")
}

fn times_out_on_stalled_answer(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("stalled", json!({ "retries": 0, "idle_timeout_secs": 1 }))?;
    let outcome = test.say("hello")?;
    outcome.failed(&["Request timed out after 1 s without a byte of the answer"])?;
    outcome.took(1..3)?;
    test.received(1).map(drop)
}

fn times_out(test: &GuestContext<'_>, scenario: &str) -> Result<()> {
    test.configure_with(scenario, json!({ "retries": 0, "timeout_secs": 1 }))?;
    let outcome = test.say("hello")?;
    outcome.failed(&["Request timed out after 1 s"])?;
    outcome.took(1..3)?;
    test.received(1).map(drop)
}

fn waits_for_slow_answer_within_timeout(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("slow", json!({ "retries": 0, "timeout_secs": 20 }))?;
    test.say("hello")?.answered("echo: hello")
}

/// A component lists its imports, so the host refuses it before any of our code runs.
fn host_without_http_refuses_component(test: &GuestContext<'_>) -> Result<()> {
    test.configure("ok")?;
    let outcome = test.component().without_http().say("hello")?;
    ensure!(
        outcome.exit == Some(1),
        "exit code {:?}, expected 1",
        outcome.exit
    );
    outcome.said(&["wasi:http/"])?;
    ensure!(!outcome.stderr.contains("wasm trap"), "the guest trapped");
    Ok(())
}
