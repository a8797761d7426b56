//! The results of the checks, as counts and as JSON.

use anyhow::{Context as _, Result};
use flags::Check;
use serde_json::json;

/// The result of one check.
#[derive(Debug)]
pub(super) struct CheckResult {
    pub(super) check: Check,
    pub(super) outcome: Outcome,
}

/// The end of a check. The text is the error message, with findings if the check collects them.
#[derive(Debug)]
pub(super) enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(error) | Self::Skipped(error) => Some(error),
        }
    }
}

/// Returns the names of the failed checks.
pub(super) fn failed(results: &[CheckResult]) -> Vec<String> {
    results
        .iter()
        .filter(|result| matches!(result.outcome, Outcome::Failed(_)))
        .map(|result| result.check.name())
        .collect()
}

/// Returns the counts, in one line.
pub(super) fn counts(results: &[CheckResult]) -> String {
    let counts = ["passed", "failed", "skipped"].map(|word| {
        let count = results
            .iter()
            .filter(|result| result.outcome.word() == word)
            .count();
        format!("{count} {word}")
    });
    counts.join(", ")
}

/// Returns the results as one JSON object:
///
/// ```json
/// { "passed": false, "checks": [
///   { "name": "rustfmt", "result": "passed", "error": null },
///   { "name": "hadolint", "result": "failed", "error": "hadolint ended with …" } ] }
/// ```
///
/// `result` is `passed`, `failed` or `skipped`. Skipped checks do not count as failures.
pub(super) fn json(results: &[CheckResult]) -> Result<String> {
    let check = |CheckResult { check, outcome }: &CheckResult| json!({ "name": check.name(), "result": outcome.word(), "error": outcome.error() });
    let checks: Vec<serde_json::Value> = results.iter().map(check).collect();
    let report = json!({ "passed": failed(results).is_empty(), "checks": checks });
    serde_json::to_string_pretty(&report).context("could not write the results as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_check_with_its_result() {
        let result = |check, outcome| CheckResult { check, outcome };
        let mut results = vec![
            result(Check::Rustfmt, Outcome::Passed),
            result(Check::Advisories, Outcome::Skipped("no network".to_owned())),
        ];
        assert_eq!(counts(&results), "1 passed, 0 failed, 1 skipped");
        let read = |results: &[CheckResult]| -> serde_json::Value {
            serde_json::from_str(&json(results).unwrap()).unwrap()
        };
        assert_eq!(read(&results)["passed"], true);

        results.push(result(
            Check::ClippyTools,
            Outcome::Failed("a mistake".to_owned()),
        ));
        assert_eq!(failed(&results), ["clippy-tools"]);
        let expected = json!({ "passed": false, "checks": [
            { "name": "rustfmt", "result": "passed", "error": null },
            { "name": "advisories", "result": "skipped", "error": "no network" },
            { "name": "clippy-tools", "result": "failed", "error": "a mistake" }] });
        assert_eq!(read(&results), expected);
    }
}
