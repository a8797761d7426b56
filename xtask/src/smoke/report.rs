//! What the user reads: a line a case as it ends, all failures in the end, and one line of result.

use anyhow::{Result, ensure};
use devkit::ui;

use super::runner::{CaseResult, Failure};

/// Tells that a case has ended.
pub(super) fn line(result: &CaseResult) {
    let what = format!("{:.2} s {}", result.wall.as_secs_f64(), result.name);
    match result.failure {
        None => ui::status("ok", &what),
        Some(_) => ui::failure("FAILED", &what),
    }
}

/// Tells of all failures and prints the result; an error if there was a failure.
pub(super) fn summary(results: &[CaseResult]) -> Result<()> {
    for (name, failure) in failures(results) {
        eprint!("{}", describe(name, failure));
    }
    ui::result(&count(results))?;
    let failed: Vec<&str> = failures(results).map(|(name, _)| name).collect();
    ensure!(failed.is_empty(), "smoke cases failed: `{}`", failed.join("`, `"));
    Ok(())
}

fn failures(results: &[CaseResult]) -> impl Iterator<Item = (&str, &Failure)> {
    results.iter().filter_map(|result| Some((result.name, result.failure.as_ref()?)))
}

fn count(results: &[CaseResult]) -> String {
    let failed = failures(results).count();
    format!("{} passed, {failed} failed", results.len() - failed)
}

/// A failure with everything there was to see, indented below its name.
fn describe(name: &str, failure: &Failure) -> String {
    let mut text = format!("\nFAILED {name}\n    {:#}\n", failure.error);
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
    use std::time::Duration;

    use super::*;

    fn result(name: &'static str, error: Option<&'static str>) -> CaseResult {
        let seen = vec![("run-1.stderr".to_owned(), "a\nb\n".to_owned())];
        let failure = error.map(|error| Failure { error: anyhow::anyhow!(error).context("the run"), seen });
        CaseResult { name, wall: Duration::ZERO, failure }
    }

    #[test]
    fn a_failure_shows_its_causes_and_what_was_seen() {
        let failure = result("a case", Some("exit code 2")).failure.unwrap();
        let expected = "\nFAILED a case\n    the run: exit code 2\n  run-1.stderr\n    | a\n    | b\n";
        assert_eq!(describe("a case", &failure), expected);
    }

    #[test]
    fn the_result_is_one_line() {
        assert_eq!(count(&[result("a", None), result("b", None)]), "2 passed, 0 failed");
        assert_eq!(count(&[result("a", None), result("b", Some("x"))]), "1 passed, 1 failed");
    }
}
