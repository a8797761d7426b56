//! libFuzzer's output as values.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// The result of a target.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The target's name.
    pub(super) name: String,
    /// Statistics of the run; an error if the fuzzer could not run.
    pub(super) effort: Result<Effort>,
}

/// The statistics of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Effort {
    /// Number of inputs tried.
    pub(super) runs: u64,
    /// Number of inputs tried per second.
    pub(super) per_second: u64,
    /// Edges of the program that an input has reached.
    pub(super) edges: u64,
    /// Inputs kept because each reaches something new.
    pub(super) kept: u64,
    /// The input that ended the run early, if there is one.
    pub(super) crash: Option<Crash>,
}

/// An input for which a target fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crash {
    /// The file with the input.
    pub(super) input: PathBuf,
    /// The message: that of the panic, or the limit that was exceeded.
    pub(super) said: String,
}

impl Effort {
    /// Reads libFuzzer's whole output. Fails if the fuzzer did not start a run, or ended in another way than by a
    /// crash; the error has the last lines of the output.
    pub(super) fn read(log: &str, success: bool) -> Result<Self> {
        let crash = (!success)
            .then(|| crash(log).with_context(|| last_words(log)))
            .transpose()?;
        // `#4194304 DONE   cov: 345 ft: 900 corp: 60/1234b lim: 116 exec/s: 3000 rss: 45Mb`
        let progress = log
            .lines()
            .rfind(|line| line.starts_with('#') && line.contains(" cov: "));
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
    let path = log
        .lines()
        .find_map(|line| line.split_once("Test unit written to "))?
        .1;
    Some(Crash {
        input: PathBuf::from(path),
        said: panic(log).or_else(|| summary(log))?,
    })
}

/// Returns the position and the message of a panic, which end at a note about backtraces or at libFuzzer's own
/// output.
fn panic(log: &str) -> Option<String> {
    let lines = log.lines().skip_while(|line| !line.contains("panicked at"));
    let lines: Vec<&str> = lines
        .take_while(|line| !line.starts_with("note: ") && !line.starts_with("=="))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Returns the text after `SUMMARY: `, such as `libFuzzer: timeout`.
fn summary(log: &str) -> Option<String> {
    log.lines()
        .find_map(|line| line.strip_prefix("SUMMARY: "))
        .map(str::to_owned)
}

fn last_words(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Returns the number at the beginning of `text`; 0 if there is none.
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
    fn reads_last_line_of_progress() {
        let log = format!("INFO: Seed: 1\n{PROGRESS}Done 9000 runs in 2 second(s)\n");
        let expected = Effort {
            runs: 9000,
            per_second: 4500,
            edges: 172,
            kept: 173,
            crash: None,
        };
        assert_eq!(Effort::read(&log, true).unwrap(), expected);
    }

    #[test]
    fn reads_panic_with_position_and_input() {
        let log = format!(
            "{PROGRESS}\nthread '<unnamed>' panicked at src/url.rs:1:2:\nno host: x\nnote: run with `RUST_BACKTRACE=1`\n\
             ==7== ERROR: libFuzzer: deadly signal\nSUMMARY: libFuzzer: deadly signal\n\
             artifact_prefix='/c/'; Test unit written to /c/crash-1\nBase64: eA==\n"
        );
        let crash = Effort::read(&log, false).unwrap().crash.unwrap();
        assert_eq!(crash.input, PathBuf::from("/c/crash-1"));
        assert_eq!(
            crash.said,
            "thread '<unnamed>' panicked at src/url.rs:1:2:\nno host: x"
        );
    }

    #[test]
    fn timeout_counts_as_a_crash() {
        let log = "SUMMARY: libFuzzer: timeout\nartifact_prefix='/c/'; Test unit written to /c/timeout-1\n";
        assert_eq!(
            Effort::read(log, false).unwrap().crash.unwrap().said,
            "libFuzzer: timeout"
        );
    }

    #[test]
    fn reports_last_lines_if_fuzzer_fails() {
        let error = Effort::read("No such file\n", false).unwrap_err();
        assert_eq!(error.to_string(), "No such file");
    }
}
