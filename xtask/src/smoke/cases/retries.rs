//! What is tried again, when, and when not.

use std::{
    net::{Ipv4Addr, TcpListener},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::cases;
use crate::smoke::lab::{Lab, PROVIDER};

cases! {
    "a connection that is reset is tried again as often as the config says" => reset,
    "a connection that is reset once costs nothing but time" => reset_then_ok,
    "a server that was not there yet costs nothing but time" => refused_then_ok,
    "502 and 504 are tried again, 501 is not" => worthwhile_statuses,
    "a provider that says when is asked again then" => retry_after_seconds,
    "a provider that says when by a date is asked again then" => retry_after_date,
    "what could not be tried before the deadline is not waited for" => beyond_the_deadline,
    "a timeout is not tried again" => timeout,
}

fn reset(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("reset", json!({ "retries": 1 }))?;
    lab.say("hello")?.failed(&["HTTP unavailable"])?;
    lab.received(2)?;
    lab.stored_nothing()
}

fn reset_then_ok(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("reset-then-ok", json!({ "retries": 1 }))?;
    lab.say("hello")?.answered("echo: hello")?;
    lab.received(2).map(drop)
}

fn refused_then_ok(lab: &Lab<'_>) -> Result<()> {
    let port = free_port()?;
    lab.configure_at(&format!("http://127.0.0.1:{port}/ok/late/v1"), json!({ "retries": 5 }))?;
    thread::scope(|scope| {
        let guest = scope.spawn(|| lab.say("hello"));
        // Longer than a guest takes to be refused, and shorter than its patience.
        thread::sleep(Duration::from_millis(800));
        let _late = lab.bench.provider.another(port, &lab.path("late.jsonl"))?;
        let outcome = guest.join().ok().context("the run panicked")??;
        outcome.answered("echo: hello")
    })
}

/// A port that nobody has, as far as one can know: it was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("could not find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn worthwhile_statuses(lab: &Lab<'_>) -> Result<()> {
    for (status, requests) in [("502", 2), ("504", 2), ("501", 1)] {
        let lab = lab.within(status)?;
        lab.configure_with(&format!("status-{status}"), json!({ "retries": 1 }))?;
        lab.say("hello")?.failed(&[PROVIDER, status])?;
        lab.received(requests)?;
    }
    Ok(())
}

fn retry_after_seconds(lab: &Lab<'_>) -> Result<()> {
    waits_two_seconds(lab, "retry-after-2")
}

fn retry_after_date(lab: &Lab<'_>) -> Result<()> {
    waits_two_seconds(lab, "retry-after-date")
}

fn waits_two_seconds(lab: &Lab<'_>, scenario: &str) -> Result<()> {
    lab.configure_with(scenario, json!({ "retries": 1 }))?;
    let outcome = lab.say("hello")?;
    outcome.answered("echo: hello")?;
    outcome.took(2..4)?;
    lab.received(2).map(drop)
}

fn beyond_the_deadline(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("retry-after-5", json!({ "retries": 2, "timeout_secs": 3 }))?;
    let outcome = lab.say("hello")?;
    outcome.failed(&[PROVIDER, "429", "Rate limit reached"])?;
    outcome.took(0..2)?;
    lab.received(1).map(drop)
}

fn timeout(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("silent", json!({ "retries": 2, "timeout_secs": 1 }))?;
    let outcome = lab.say("hello")?;
    outcome.failed(&["Request timed out after 1 s"])?;
    ensure!(outcome.wall < Duration::from_secs(3), "it took {:.2?}", outcome.wall);
    lab.received(1).map(drop)
}
