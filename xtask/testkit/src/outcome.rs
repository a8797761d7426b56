//! The end of a run, and checks of it whose errors name the difference.

use std::{ops::Range, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use serde::de::DeserializeOwned;

use crate::slowdown::slowdown;

/// Texts on standard error that show a crash of the guest, rather than an error of its own.
const CRASHES: [&str; 4] = [
    "wasm trap",
    "wasm backtrace",
    "panicked at",
    "failed to run main module",
];

/// The end of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` if a signal ended the run.
    pub exit: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Wall time of the whole process.
    pub wall: Duration,
}

impl Outcome {
    /// Checks that the run succeeded without error output and printed a line of JSON for each of `calls`. Returns
    /// the values.
    pub fn answers<T: DeserializeOwned>(&self, calls: usize) -> Result<Vec<T>> {
        ensure!(self.exit == Some(0), "exit code {}, expected 0", self.exit_code());
        ensure!(
            self.stderr.is_empty(),
            "the instance, or its host, printed something"
        );
        let answers = self
            .stdout
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<Vec<T>, _>>();
        let answers = answers.context("the host printed something else than answers")?;
        ensure!(
            answers.len() == calls,
            "{} answers to {calls} calls",
            answers.len()
        );
        Ok(answers)
    }

    /// Checks that the run printed `text` and a line end, nothing on standard error, and succeeded.
    pub fn answered(&self, text: &str) -> Result<()> {
        self.printed(text)?;
        ensure!(
            self.stderr.is_empty(),
            "printed something on stderr beside the answer"
        );
        Ok(())
    }

    /// Checks that the run printed `text` and a line end, and succeeded. The caller checks standard error.
    pub fn printed(&self, text: &str) -> Result<()> {
        ensure!(self.exit == Some(0), "exit code {}, expected 0", self.exit_code());
        let printed = self.stdout.strip_suffix('\n').unwrap_or(&self.stdout);
        ensure!(printed == text, "{}", difference("stdout", printed, text));
        ensure!(self.stdout.ends_with('\n'), "the answer ends without a line end");
        Ok(())
    }

    /// Checks that the run ended with 1, printed nothing, and has all of `parts` on standard error, in its own
    /// lines.
    pub fn failed(&self, parts: &[&str]) -> Result<()> {
        ensure!(self.exit == Some(1), "exit code {}, expected 1", self.exit_code());
        ensure!(
            self.stdout.is_empty(),
            "printed something on stdout before it failed"
        );
        self.ended_in_order()?;
        self.said(parts)
    }

    /// Checks that the run printed `text` and a line end, reported that the answer is incomplete with `parts`, and
    /// ended with 1.
    pub fn broke_off(&self, text: &str, parts: &[&str]) -> Result<()> {
        self.ended_in_order()?;
        ensure!(self.exit == Some(1), "exit code {}, expected 1", self.exit_code());
        let printed = self.stdout.strip_suffix('\n').unwrap_or(&self.stdout);
        ensure!(printed == text, "{}", difference("stdout", printed, text));
        self.said(&["warning: the answer is incomplete: "])?;
        self.said(parts)
    }

    /// Checks that the run printed `text` and a line end, reported that it is not stored with `parts`, and ended
    /// with 1.
    pub fn unstored(&self, text: &str, parts: &[&str]) -> Result<()> {
        self.ended_in_order()?;
        ensure!(self.exit == Some(1), "exit code {}, expected 1", self.exit_code());
        let printed = self.stdout.strip_suffix('\n').unwrap_or(&self.stdout);
        ensure!(printed == text, "{}", difference("stdout", printed, text));
        self.said(&["warning: the answer is not stored, "])?;
        self.said(parts)
    }

    /// Checks that the run ended with an answer or an error message, and did not crash.
    pub fn ended_in_order(&self) -> Result<()> {
        let crash = CRASHES.into_iter().find(|crash| self.stderr.contains(crash));
        ensure!(
            crash.is_none(),
            "the guest crashed: stderr contains `{}`",
            crash.unwrap_or_default()
        );
        match self.exit {
            Some(0) => ensure!(self.stdout.ends_with('\n'), "a success without a line of output"),
            Some(1) => ensure!(
                self.stderr.starts_with("error: ") || self.stderr.starts_with("warning: "),
                "a failure without `error: ` or `warning: `"
            ),
            _ => bail!("exit code {}, expected 0 or 1", self.exit_code()),
        }
        Ok(())
    }

    /// Checks that standard error contains all of `parts`.
    pub fn said(&self, parts: &[&str]) -> Result<()> {
        let missing: Vec<&str> = parts
            .iter()
            .copied()
            .filter(|part| !self.stderr.contains(part))
            .collect();
        ensure!(
            missing.is_empty(),
            "stderr does not contain `{}`",
            missing.join("`, `")
        );
        Ok(())
    }

    /// Checks that the run took a number of seconds in `range`. The upper end is that of an idle machine: a busy one
    /// gets more time.
    pub fn took(&self, range: Range<u64>) -> Result<()> {
        let bounds = Duration::from_secs(range.start)..Duration::from_secs(range.end);
        if bounds.contains(&self.wall) {
            return Ok(());
        }
        let slowdown = slowdown();
        ensure!(
            self.wall >= bounds.start && self.wall < bounds.end.mul_f64(slowdown),
            "took {:.2?}, expected {}–{} s, on a machine that is {slowdown:.1} times as slow as an idle one",
            self.wall,
            range.start,
            range.end
        );
        Ok(())
    }

    fn exit_code(&self) -> String {
        self.exit.map_or("by signal".to_owned(), |code| code.to_string())
    }
}

/// Returns the position where `found` differs from `expected`, for texts that are too long to show.
pub fn difference(what: &str, found: &str, expected: &str) -> String {
    let same = found
        .bytes()
        .zip(expected.bytes())
        .take_while(|(found, expected)| found == expected)
        .count();
    let from_there = |text: &str| -> String {
        let bytes = &text.as_bytes()[same.min(text.len())..];
        excerpt(&String::from_utf8_lossy(&bytes[..bytes.len().min(60)]), 60)
    };
    format!(
        "{what} is {} bytes, expected {}; from byte {same} on it is `{}`, expected `{}`",
        found.len(),
        expected.len(),
        from_there(found),
        from_there(expected),
    )
}

/// Returns `text` for display: without control characters that would affect a terminal, and shortened to its two
/// ends if it has more than `most` characters.
pub fn excerpt(text: &str, most: usize) -> String {
    let shown = |c: char| {
        if c.is_control() && c != '\n' {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    let length = text.chars().count();
    if length <= most {
        return text.chars().map(shown).collect();
    }
    let half = most / 2;
    let head: String = text.chars().take(half).map(shown).collect();
    let tail: String = text.chars().skip(length - half).map(shown).collect();
    format!("{head} […{} characters…] {tail}", length - 2 * half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(exit: i32, stdout: &str, stderr: &str) -> Outcome {
        Outcome {
            exit: Some(exit),
            stdout: stdout.into(),
            stderr: stderr.into(),
            wall: Duration::from_millis(1500),
        }
    }

    fn message(result: Result<()>) -> String {
        result.expect_err("a finding").to_string()
    }

    #[test]
    fn answered_compares_output_exactly() {
        outcome(0, "hi\n", "").answered("hi").unwrap();
        assert_eq!(
            message(outcome(1, "hi\n", "").answered("hi")),
            "exit code 1, expected 0"
        );
        assert_eq!(
            message(outcome(0, "hi", "").answered("hi")),
            "the answer ends without a line end"
        );
        assert!(message(outcome(0, "hi\n", "warning").answered("hi")).contains("stderr"));
        let found = message(outcome(0, "hello\n", "").answered("help"));
        assert_eq!(
            found,
            "stdout is 5 bytes, expected 4; from byte 3 on it is `lo`, expected `p`"
        );
    }

    #[test]
    fn failed_needs_error_and_no_crash() {
        outcome(1, "", "error: HTTP unavailable: refused\n")
            .failed(&["HTTP unavailable", "refused"])
            .unwrap();
        assert!(message(outcome(134, "", "HTTP unavailable").failed(&[])).contains("exit code 134"));
        assert!(message(outcome(1, "half", "").failed(&[])).contains("stdout"));
        assert!(message(outcome(1, "", "wasm trap: unreachable").failed(&[])).contains("crashed"));
        let found = message(outcome(1, "", "error: a").failed(&["a", "b", "c"]));
        assert_eq!(found, "stderr does not contain `b`, `c`");
    }

    #[test]
    fn broke_off_needs_partial_answer_and_warning() {
        let warning = "warning: the answer is incomplete: it ended early\n";
        outcome(1, "half\n", warning)
            .broke_off("half", &["ended early"])
            .unwrap();
        assert!(message(outcome(0, "half\n", warning).broke_off("half", &[])).contains("exit code 0"));
        assert!(message(outcome(1, "\n", warning).broke_off("half", &[])).contains("stdout is 0 bytes"));
        assert!(message(outcome(1, "half\n", "error: no").broke_off("half", &[])).contains("warning: "));
    }

    #[test]
    fn unstored_needs_whole_answer_and_warning() {
        let warning = "warning: the answer is not stored, no space left\n";
        outcome(1, "whole\n", warning)
            .unstored("whole", &["no space"])
            .unwrap();
        assert!(message(outcome(0, "whole\n", warning).unstored("whole", &[])).contains("exit code 0"));
        assert!(message(outcome(1, "\n", warning).unstored("whole", &[])).contains("stdout is 0 bytes"));
        assert!(message(outcome(1, "whole\n", "error: no").unstored("whole", &[])).contains("warning: "));
    }

    #[test]
    fn ended_in_order_needs_answer_or_error() {
        outcome(0, "hi\n", "").ended_in_order().unwrap();
        outcome(1, "", "error: no\n").ended_in_order().unwrap();
        for (exit, stdout, stderr) in [
            (0, "", ""),
            (1, "", ""),
            (2, "", "error: no"),
            (134, "", "error: wasm trap"),
        ] {
            assert!(
                outcome(exit, stdout, stderr).ended_in_order().is_err(),
                "{exit} {stderr}"
            );
        }
    }

    #[test]
    fn took_has_two_bounds() {
        outcome(0, "", "").took(1..2).unwrap();
        let error = message(outcome(0, "", "").took(2..3));
        assert!(error.starts_with("took 1.50s, expected 2–3 s, "), "{error}");
        // However busy the machine is, this takes too long.
        assert!(outcome(0, "", "").took(0..0).is_err());
    }

    #[test]
    fn shortens_long_texts_in_the_middle() {
        assert_eq!(excerpt("short", 5), "short");
        assert_eq!(excerpt("\u{1b}[2J\n", 5), "\u{fffd}[2J\n");
        assert_eq!(excerpt("äbcdefghij", 4), "äb […6 characters…] ij");
    }
}
