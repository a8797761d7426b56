//! What libFuzzer said, as values.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// What came of a target.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The target's name.
    pub(super) name: String,
    /// What was tried and found; an error where the fuzzer itself could not run.
    pub(super) effort: Result<Effort>,
}

/// What a run tried and found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Effort {
    /// Inputs tried.
    pub(super) runs: u64,
    /// Inputs tried a second.
    pub(super) per_second: u64,
    /// Edges of the program that an input has taken.
    pub(super) edges: u64,
    /// Inputs kept because each takes another way.
    pub(super) kept: u64,
    /// The input that ended the run before its time, if there is one.
    pub(super) crash: Option<Crash>,
}

/// An input for which a target does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crash {
    /// The file with it.
    pub(super) input: PathBuf,
    /// What was said about it: the panic's message, or that it took too long or too much.
    pub(super) said: String,
}

impl Effort {
    /// Reads the whole of libFuzzer's talk. Fails where the fuzzer did not get as far as a run, or ended in another way
    /// than by a crash; the error holds its last words.
    pub(super) fn read(log: &str, success: bool) -> Result<Self> {
        let crash = (!success).then(|| crash(log).with_context(|| last_words(log))).transpose()?;
        // `#4194304 DONE   cov: 345 ft: 900 corp: 60/1234b lim: 116 exec/s: 3000 rss: 45Mb`
        let progress = log.lines().rfind(|line| line.starts_with('#') && line.contains(" cov: "));
        let line = progress.unwrap_or_default();
        let after = |word| number(line.split_once(word).map_or("", |(_, rest)| rest));
        Ok(Self {
            runs: number(line.trim_start_matches('#')),
            per_second: after("exec/s: "),
            edges: after(" cov: "),
            kept: after(" corp: "),
            crash,
        })
    }
}

fn crash(log: &str) -> Option<Crash> {
    let path = log.lines().find_map(|line| line.split_once("Test unit written to "))?.1;
    Some(Crash { input: PathBuf::from(path), said: panic(log).or_else(|| summary(log))? })
}

/// The place and the message of a panic, which end with a note about backtraces or where libFuzzer takes over.
fn panic(log: &str) -> Option<String> {
    let lines = log.lines().skip_while(|line| !line.contains("panicked at"));
    let lines: Vec<&str> =
        lines.take_while(|line| !line.starts_with("note: ") && !line.starts_with("==")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `SUMMARY: libFuzzer: timeout`
fn summary(log: &str) -> Option<String> {
    log.lines().find_map(|line| line.strip_prefix("SUMMARY: ")).map(str::to_owned)
}

fn last_words(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// The digits that `text` begins with, as a number; 0 if there are none.
fn number(text: &str) -> u64 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRESS: &str = "\
#2	INITED cov: 3 ft: 3 corp: 1/1b exec/s: 0 rss: 31Mb
#9000	NEW    cov: 172 ft: 382 corp: 173/8167b lim: 4096 exec/s: 4500 rss: 28Mb L: 2/2 MS: 1 EraseBytes-
";

    #[test]
    fn a_run_without_a_crash_is_its_last_line_of_progress() {
        let log = format!("INFO: Seed: 1\n{PROGRESS}Done 9000 runs in 2 second(s)\n");
        let expected = Effort { runs: 9000, per_second: 4500, edges: 172, kept: 173, crash: None };
        assert_eq!(Effort::read(&log, true).unwrap(), expected);
    }

    #[test]
    fn a_panic_is_shown_with_its_place_and_its_input() {
        let log = format!(
            "{PROGRESS}\nthread '<unnamed>' panicked at src/url.rs:1:2:\nno host: x\nnote: run with `RUST_BACKTRACE=1`\n\
             ==7== ERROR: libFuzzer: deadly signal\nSUMMARY: libFuzzer: deadly signal\n\
             artifact_prefix='/c/'; Test unit written to /c/crash-1\nBase64: eA==\n"
        );
        let crash = Effort::read(&log, false).unwrap().crash.unwrap();
        assert_eq!(crash.input, PathBuf::from("/c/crash-1"));
        assert_eq!(crash.said, "thread '<unnamed>' panicked at src/url.rs:1:2:\nno host: x");
    }

    #[test]
    fn what_takes_too_long_is_a_crash_too() {
        let log = "SUMMARY: libFuzzer: timeout\nartifact_prefix='/c/'; Test unit written to /c/timeout-1\n";
        assert_eq!(Effort::read(log, false).unwrap().crash.unwrap().said, "libFuzzer: timeout");
    }

    #[test]
    fn a_fuzzer_that_does_not_start_is_an_error_with_its_last_words() {
        let error = Effort::read("No such file\n", false).unwrap_err();
        assert_eq!(error.to_string(), "No such file");
    }
}
