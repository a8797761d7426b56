//! A client that holds a conversation, and asks again after every failure.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use testkit::http;

/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

/// The times and failures of a client.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Times of the turns that were answered.
    pub(super) times: Vec<Duration>,
    /// Attempts that failed, by cause.
    pub(super) failures: BTreeMap<String, usize>,
}

impl Counts {
    /// The longest time of a run, on a busy machine.
    pub(super) const LONGEST: Duration = Duration::from_secs(480);
}

/// A conversation, as its client has seen it.
#[derive(Debug)]
pub(super) struct Conversation {
    /// Name of the session.
    pub(super) id: String,
    /// The texts of turns that were answered with 200 and are stored, in order.
    pub(super) answered: Vec<String>,
    /// The texts of attempts of unknown outcome: the connection broke, or the answer was not 200.
    pub(super) unknown: Vec<String>,
    /// The texts of turns that were answered with 200, and are told not to be stored.
    pub(super) unstored: Vec<String>,
    pub(super) counts: Counts,
}

impl Conversation {
    /// Asks until `turns` turns are answered and stored. `done` counts them for all clients.
    pub(super) fn hold(address: &str, number: usize, turns: usize, done: &AtomicUsize) -> Result<Self> {
        let mut conversation = Self {
            id: format!("s{number}"),
            answered: Vec::new(),
            unknown: Vec::new(),
            unstored: Vec::new(),
            counts: Counts::default(),
        };
        let limit = Instant::now() + Counts::LONGEST;
        let mut attempt = 0;
        while conversation.answered.len() < turns {
            ensure!(
                Instant::now() < limit,
                "{} was answered {} times in {} s: {:?}",
                conversation.id,
                conversation.answered.len(),
                Counts::LONGEST.as_secs(),
                conversation.counts.failures
            );
            attempt += 1;
            let text = format!("{} {attempt}", conversation.id);
            if conversation.ask(address, text) {
                done.fetch_add(1, Ordering::Relaxed);
            } else {
                thread::sleep(PAUSE);
            }
        }
        Ok(conversation)
    }

    /// Sends a message once. Returns whether its turn is answered and stored.
    fn ask(&mut self, address: &str, text: String) -> bool {
        let begun = Instant::now();
        match attempt(address, &self.id, &text) {
            Ok(Outcome::Stored) => {
                self.counts.times.push(begun.elapsed());
                self.answered.push(text);
                return true;
            }
            Ok(Outcome::Unstored(reason)) => {
                self.unstored.push(text);
                *self
                    .counts
                    .failures
                    .entry(format!("200, not stored: {reason}"))
                    .or_default() += 1;
            }
            Ok(Outcome::Refused(status)) => {
                self.unknown.push(text);
                *self
                    .counts
                    .failures
                    .entry(format!("status {status}"))
                    .or_default() += 1;
            }
            Err(_) => {
                self.unknown.push(text);
                *self
                    .counts
                    .failures
                    .entry("broken connection".to_owned())
                    .or_default() += 1;
            }
        }
        false
    }
}

/// The answer to an attempt.
enum Outcome {
    Stored,
    Unstored(String),
    Refused(u16),
}

fn attempt(address: &str, id: &str, text: &str) -> Result<Outcome> {
    let response = http::ask(address, id, text, None)?;
    let status = response.status;
    if status != 200 {
        return Ok(Outcome::Refused(status));
    }
    let stored = response.header("x-clawft-stored") == Some("true");
    let reason = response
        .header("x-clawft-stored-reason")
        .unwrap_or_default()
        .to_owned();
    let answer = response.json()?;
    let content = answer.pointer("/choices/0/message/content");
    ensure!(
        content.and_then(|content| content.as_str()) == Some(&format!("echo: {text}")),
        "another answer: {answer}"
    );
    Ok(if stored {
        Outcome::Stored
    } else {
        Outcome::Unstored(reason)
    })
}
