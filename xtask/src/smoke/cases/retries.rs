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
    retries:
    retries_reset_connection_as_configured,
    answers_after_one_reset_connection,
    answers_once_late_server_listens,
    retries_502_and_504_but_not_501,
    waits_seconds_the_provider_names,
    waits_until_date_the_provider_names,
    does_not_wait_beyond_the_deadline,
    does_not_retry_after_timeout,
}

fn retries_reset_connection_as_configured(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("reset", json!({ "retries": 1 }))?;
    lab.say("hello")?.failed(&["HTTP unavailable"])?;
    lab.received(2)?;
    lab.stored_nothing()
}

fn answers_after_one_reset_connection(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("reset-then-ok", json!({ "retries": 1 }))?;
    lab.say("hello")?.answered("echo: hello")?;
    lab.received(2).map(drop)
}

fn answers_once_late_server_listens(lab: &Lab<'_>) -> Result<()> {
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

fn retries_502_and_504_but_not_501(lab: &Lab<'_>) -> Result<()> {
    for (status, requests) in [("502", 2), ("504", 2), ("501", 1)] {
        let lab = lab.within(status)?;
        lab.configure_with(&format!("status-{status}"), json!({ "retries": 1 }))?;
        lab.say("hello")?.failed(&[PROVIDER, status])?;
        lab.received(requests)?;
    }
    Ok(())
}

fn waits_seconds_the_provider_names(lab: &Lab<'_>) -> Result<()> {
    waits_two_seconds(lab, "retry-after-2")
}

fn waits_until_date_the_provider_names(lab: &Lab<'_>) -> Result<()> {
    waits_two_seconds(lab, "retry-after-date")
}

fn waits_two_seconds(lab: &Lab<'_>, scenario: &str) -> Result<()> {
    lab.configure_with(scenario, json!({ "retries": 1 }))?;
    let outcome = lab.say("hello")?;
    outcome.answered("echo: hello")?;
    outcome.took(2..4)?;
    lab.received(2).map(drop)
}

fn does_not_wait_beyond_the_deadline(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("retry-after-5", json!({ "retries": 2, "timeout_secs": 3 }))?;
    let outcome = lab.say("hello")?;
    outcome.failed(&[PROVIDER, "429", "Rate limit reached"])?;
    outcome.took(0..2)?;
    lab.received(1).map(drop)
}

fn does_not_retry_after_timeout(lab: &Lab<'_>) -> Result<()> {
    lab.configure_with("silent", json!({ "retries": 2, "timeout_secs": 1 }))?;
    let outcome = lab.say("hello")?;
    outcome.failed(&["Request timed out after 1 s"])?;
    ensure!(outcome.wall < Duration::from_secs(3), "it took {:.2?}", outcome.wall);
    lab.received(1).map(drop)
}
