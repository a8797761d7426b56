//! Compares what clients have seen with what is stored, and prints the table.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, ensure};

use super::client::Conversation;

/// The sums of a run.
#[derive(Debug)]
pub(super) struct Report {
    sessions: usize,
    kills: usize,
    took: Duration,
    /// Turns that were answered with 200, and told to be stored.
    answered: usize,
    /// Those of them that are not stored.
    lost: usize,
    /// Turns that are stored twice.
    repeated: usize,
    /// Sessions whose turns are in another order.
    disordered: usize,
    /// Turns whose question and answer are not beside each other.
    torn: usize,
    /// Stored turns whose client was not told, because its connection broke.
    untold: usize,
    failures: BTreeMap<String, usize>,
    times: Vec<Duration>,
}

impl Report {
    /// Begins a report.
    pub(super) fn new(sessions: usize, kills: usize, took: Duration) -> Self {
        Self {
            sessions,
            kills,
            took,
            answered: 0,
            lost: 0,
            repeated: 0,
            disordered: 0,
            torn: 0,
            untold: 0,
            failures: BTreeMap::new(),
            times: Vec::new(),
        }
    }

    /// Adds a conversation, which is stored with these texts.
    pub(super) fn add(&mut self, conversation: &Conversation, stored: &[String]) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut questions = Vec::new();
        for pair in stored.chunks(2) {
            let question = pair[0].as_str();
            let answer = pair.get(1).map(String::as_str).unwrap_or_default();
            // A stopped answer is stored as far as it came.
            self.torn += usize::from(!format!("echo: {question}").starts_with(answer) || answer.is_empty());
            *counts.entry(question).or_default() += 1;
            questions.push(question);
        }
        let answered = &conversation.answered;
        self.answered += answered.len();
        self.lost += answered
            .iter()
            .filter(|text| !counts.contains_key(text.as_str()))
            .count();
        self.repeated += counts.values().filter(|count| **count > 1).count();
        let in_order: Vec<&str> = questions
            .iter()
            .copied()
            .filter(|question| answered.iter().any(|text| text == question))
            .collect();
        self.disordered += usize::from(in_order != answered.iter().map(String::as_str).collect::<Vec<_>>());
        let untold = conversation.unknown.iter().chain(&conversation.unstored);
        self.untold += untold.filter(|text| counts.contains_key(text.as_str())).count();
        for (cause, count) in &conversation.counts.failures {
            *self.failures.entry(cause.clone()).or_default() += count;
        }
        self.times.extend(&conversation.counts.times);
    }

    /// Prints the table on standard error.
    pub(super) fn print(&self) {
        let mut times = self.times.clone();
        times.sort();
        let at = |share: usize| {
            let index = (times.len() * share / 1000).min(times.len().saturating_sub(1));
            times.get(index).map_or(0, Duration::as_millis)
        };
        let mut rows = vec![
            (
                "turns answered with 200 and stored".to_owned(),
                self.answered.to_string(),
            ),
            ("  of them lost".to_owned(), self.lost.to_string()),
            ("  stored twice".to_owned(), self.repeated.to_string()),
            ("  torn".to_owned(), self.torn.to_string()),
            ("sessions".to_owned(), self.sessions.to_string()),
            ("  in another order".to_owned(), self.disordered.to_string()),
            ("replicas killed".to_owned(), self.kills.to_string()),
            ("restarts of Postgres".to_owned(), "1".to_owned()),
            ("stored without an answer".to_owned(), self.untold.to_string()),
        ];
        for (cause, count) in &self.failures {
            rows.push((format!("attempts that failed: {cause}"), count.to_string()));
        }
        for (name, share) in [("p50", 500), ("p99", 990), ("slowest", 1000)] {
            rows.push((format!("time of a turn, {name}"), format!("{} ms", at(share))));
        }
        rows.push(("the whole run".to_owned(), format!("{} s", self.took.as_secs())));
        let text: String = rows
            .iter()
            .map(|(name, value)| format!("| {name:45} | {value:>9} |\n"))
            .collect();
        eprint!("{text}");
    }

    /// Fails unless every turn that was answered is stored once, in order.
    pub(super) fn check(&self, turns: usize) -> Result<()> {
        ensure!(
            self.answered == turns,
            "{} of {turns} turns were answered",
            self.answered
        );
        ensure!(
            (self.lost, self.repeated, self.torn, self.disordered) == (0, 0, 0, 0),
            "of {turns} answered turns {} are lost, {} are stored twice, {} are torn, and {} sessions are in another \
             order",
            self.lost,
            self.repeated,
            self.torn,
            self.disordered
        );
        let unstored = self.failures.keys().filter(|cause| cause.starts_with("200"));
        ensure!(
            unstored.clone().count() == 0,
            "turns were answered, and not stored: {:?}",
            unstored.collect::<Vec<_>>()
        );
        Ok(())
    }
}
