//! Retries: for which failures, and when.

use std::{
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::cases;
use crate::guests::context::{GuestContext, PROVIDER};

cases! {
    retries:
    retries_reset_connection_as_configured,
    answers_after_one_reset_connection,
    answers_once_late_server_listens,
    retries_busy_statuses_but_not_404,
    waits_seconds_the_provider_names,
    waits_until_date_the_provider_names,
    does_not_wait_beyond_the_deadline,
    does_not_retry_after_timeout,
}

fn retries_reset_connection_as_configured(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("reset", json!({ "retries": 1 }))?;
    test.say("hello")?.failed(&["HTTP unavailable"])?;
    test.received(2)?;
    test.stored_nothing()
}

fn answers_after_one_reset_connection(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("reset-then-ok", json!({ "retries": 1 }))?;
    test.say("hello")?.answered("echo: hello")?;
    test.received(2).map(drop)
}

fn answers_once_late_server_listens(test: &GuestContext<'_>) -> Result<()> {
    let port = free_port()?;
    test.configure_at(
        &format!("http://127.0.0.1:{port}/ok/late/v1"),
        json!({ "retries": 5 }),
    )?;
    thread::scope(|scope| {
        let guest = scope.spawn(|| test.say("hello"));
        // Longer than a refused connection takes, and shorter than the guest's deadline.
        thread::sleep(Duration::from_millis(800));
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let _late = test.fixture.provider.another(address, &test.path("late.jsonl"))?;
        let outcome = guest.join().ok().context("the run panicked")??;
        outcome.answered("echo: hello")
    })
}

/// Returns a port that was unused a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("could not find a free port")?;
    Ok(listener.local_addr()?.port())
}

fn retries_busy_statuses_but_not_404(test: &GuestContext<'_>) -> Result<()> {
    for (status, requests) in [("408", 2), ("502", 2), ("524", 2), ("404", 1)] {
        let test = test.within(status)?;
        test.configure_with(&format!("status-{status}"), json!({ "retries": 1 }))?;
        test.say("hello")?.failed(&[PROVIDER, status])?;
        test.received(requests)?;
    }
    Ok(())
}

fn waits_seconds_the_provider_names(test: &GuestContext<'_>) -> Result<()> {
    waits_two_seconds(test, "retry-after-2")
}

fn waits_until_date_the_provider_names(test: &GuestContext<'_>) -> Result<()> {
    waits_two_seconds(test, "retry-after-date")
}

fn waits_two_seconds(test: &GuestContext<'_>, scenario: &str) -> Result<()> {
    test.configure_with(scenario, json!({ "retries": 1 }))?;
    let outcome = test.say("hello")?;
    outcome.answered("echo: hello")?;
    outcome.took(2..4)?;
    test.received(2).map(drop)
}

fn does_not_wait_beyond_the_deadline(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("retry-after-5", json!({ "retries": 2, "timeout_secs": 3 }))?;
    let outcome = test.say("hello")?;
    outcome.failed(&[PROVIDER, "429", "Rate limit reached"])?;
    outcome.took(0..2)?;
    test.received(1).map(drop)
}

fn does_not_retry_after_timeout(test: &GuestContext<'_>) -> Result<()> {
    test.configure_with("silent", json!({ "retries": 2, "timeout_secs": 1 }))?;
    let outcome = test.say("hello")?;
    outcome.failed(&["Request timed out after 1 s"])?;
    ensure!(
        outcome.wall < Duration::from_secs(3),
        "it took {:.2?}",
        outcome.wall
    );
    test.received(1).map(drop)
}
