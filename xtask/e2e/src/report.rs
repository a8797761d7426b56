//! Prints a line for each case as it ends, all failures at the end, and a line with the result.

use std::time::Duration;

use anyhow::{Result, ensure};
use devkit::ui;
use libtest_mimic::Conclusion;

/// The reason why a case failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The difference from the expectation.
    pub(crate) error: anyhow::Error,
    /// Pairs of a title and a text: the streams of every run, the requests received.
    pub(crate) seen: Vec<(String, String)>,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            error,
            seen: Vec::new(),
        }
    }
}

/// Prints that a case has ended.
pub(crate) fn line(name: &str, wall: Duration, failed: bool) {
    let text = format!("{:.2} s {name}", wall.as_secs_f64());
    match failed {
        false => ui::status("ok", &text),
        true => ui::failure("FAILED", &text),
    }
}

/// Prints all failures and the result; fails if there was a failure.
pub(crate) fn summary(conclusion: &Conclusion, failures: &[(String, String)]) -> Result<()> {
    for (name, text) in failures {
        eprint!("\nFAILED {name}\n{text}");
    }
    ui::result(&count(conclusion))?;
    let failed: Vec<&str> = failures.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(
        !conclusion.has_failed(),
        "smoke cases failed: `{}`",
        failed.join("`, `")
    );
    Ok(())
}

fn count(conclusion: &Conclusion) -> String {
    format!(
        "{} passed, {} failed",
        conclusion.num_passed, conclusion.num_failed
    )
}

/// Returns a failure with all of its evidence, indented.
pub(crate) fn describe(failure: &Failure) -> String {
    let mut text = format!("    {:#}\n", failure.error);
    for (title, seen) in &failure.seen {
        text.push_str(&format!("  {title}\n"));
        for line in seen.lines() {
            text.push_str(&format!("    | {line}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_shows_its_causes_and_the_log() {
        let seen = vec![("run-1.stderr".to_owned(), "a\nb\n".to_owned())];
        let failure = Failure {
            error: anyhow::anyhow!("exit code 2").context("the run"),
            seen,
        };
        let expected = "    the run: exit code 2\n  run-1.stderr\n    | a\n    | b\n";
        assert_eq!(describe(&failure), expected);
    }

    #[test]
    fn result_is_one_line_of_counts() {
        let conclusion = |num_passed, num_failed| Conclusion {
            num_passed,
            num_failed,
            num_filtered_out: 0,
            num_ignored: 0,
            num_measured: 0,
        };
        assert_eq!(count(&conclusion(2, 0)), "2 passed, 0 failed");
        assert_eq!(count(&conclusion(1, 1)), "1 passed, 1 failed");
    }
}
