//! A network that is not there, and servers that keep one waiting.

use anyhow::{Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::lab::Lab;

/// Nobody listens here: port 1 is reserved, and no service of today has it.
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

fn names_cause_when_nobody_listens(lab: &Lab<'_>) -> Result<()> {
    lab.configure_at(NOBODY, json!({ "retries": 0 }))?;
    lab.say("hello")?.failed(&["HTTP unavailable", "refused"])
}

/// The body's writer notices first that nobody listens, and knows no cause.
fn names_cause_for_large_message_too(lab: &Lab<'_>) -> Result<()> {
    lab.configure_at(NOBODY, json!({ "retries": 0 }))?;
    lab.say(&"large ".repeat(50_000))?.failed(&["HTTP unavailable", "refused"])
}

fn names_cause_for_unknown_host(lab: &Lab<'_>) -> Result<()> {
    lab.configure_at("http://no-such-host.invalid/v1", json!({ "retries": 0 }))?;
    // Which cause it is, is the resolver's business; that there is one, is ours.
    lab.say("hello")?.failed(&["HTTP unavailable: "])
}

fn times_out_on_silent_server(lab: &Lab<'_>) -> Result<()> {
    times_out(lab, "silent")
}

fn times_out_on_stalled_answer(lab: &Lab<'_>) -> Result<()> {
    times_out(lab, "stalled")
}

fn times_out(lab: &Lab<'_>, scenario: &str) -> Result<()> {
    lab.configure_with(scenario, json!({ "retries": 0, "timeout_secs": 1 }))?;
    let outcome = lab.say("hello")?;
    outcome.failed(&["Request timed out after 1 s"])?;
    outcome.took(1..3)?;
    lab.received(1).map(drop)
}

fn waits_for_slow_answer_within_timeout(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("slow", json!({ "retries": 0, "timeout_secs": 20 }))?;
    lab.say("hello")?.answered("echo: hello")
}

/// A component states what it needs, so it is the host that refuses, before any of our code runs.
fn host_without_http_refuses_component(lab: &Lab<'_>) -> Result<()> {
    lab.configure("ok")?;
    let outcome = lab.component().without_http().say("hello")?;
    ensure!(outcome.exit == Some(1), "exit code {:?}, expected 1", outcome.exit);
    outcome.said(&["wasi:http/"])?;
    ensure!(!outcome.stderr.contains("wasm trap"), "the guest trapped");
    Ok(())
}
