//! Bodies that are larger than every buffer.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use testkit::{Outcome, difference, slowdown};

use super::cases;
use crate::guests::context::GuestContext;

/// The text that the server's long answers repeat.
const DIGITS: &str = "0123456789abcdef";

cases! {
    sizes:
    sends_300_kb_message_byte_for_byte,
    sends_5_mb_message_within_a_second,
    prints_9_mb_answer_within_a_second,
    reports_answer_over_the_limit,
}

fn sends_300_kb_message_byte_for_byte(test: &GuestContext<'_>) -> Result<()> {
    // Numbered, so that a lost or repeated block is noticed, and with characters of several bytes across every
    // boundary.
    let message: String = (0..27_000).map(|number| format!("{number} über ")).collect();
    ensure!(message.len() > 300_000, "the message is not large");
    test.configure("ok")?;
    test.say(&message)?.answered(&format!("echo: {message}"))?;
    let messages = test.request()?.messages()?;
    let sent = messages.last().map_or("", |(_, content)| content);
    ensure!(
        sent == message,
        "{}",
        difference("the message that arrived", sent, &message)
    );
    Ok(())
}

fn sends_5_mb_message_within_a_second(test: &GuestContext<'_>) -> Result<()> {
    test.configure_agent("count", json!({ "context_tokens": 10_000_000 }))?;
    let message = DIGITS.repeat(5_000_000 / DIGITS.len());
    within_a_second(|| {
        let outcome = test.say(&message)?;
        outcome.answered("5000000")?;
        forget(test)?;
        Ok(outcome)
    })
}

fn prints_9_mb_answer_within_a_second(test: &GuestContext<'_>) -> Result<()> {
    test.configure("large")?;
    let answer = DIGITS.repeat(9_000_000 / DIGITS.len());
    within_a_second(|| {
        let outcome = test.say("hello")?;
        outcome.answered(&answer)?;
        forget(test)?;
        Ok(outcome)
    })
}

/// Runs a few times and takes the fastest run, because the machine may be busy; each run must succeed. A machine that
/// is busy with other steps all the time gets more time.
fn within_a_second(mut run: impl FnMut() -> Result<Outcome>) -> Result<()> {
    let mut walls = Vec::new();
    for _ in 0..5 {
        let before = slowdown();
        let wall = run()?.wall;
        let limit = Duration::from_secs(1).mul_f64(before.max(slowdown()));
        walls.push((wall, limit));
        if wall < limit {
            return Ok(());
        }
    }
    bail!("it took {walls:.2?}, with the limit beside each")
}

/// Removes the session, for the next run.
fn forget(test: &GuestContext<'_>) -> Result<()> {
    fs::remove_file(test.session_path("default")).context("there is no session")
}

fn reports_answer_over_the_limit(test: &GuestContext<'_>) -> Result<()> {
    test.configure("huge")?;
    test.say("hello")?.failed(&["larger than", "10000000 bytes"])?;
    test.stored_nothing()
}
