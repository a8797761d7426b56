//! The results of a run as JSON.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::runner::{StepResult, Verdict};

/// Returns the results as one JSON object:
///
/// ```json
/// { "passed": true, "seconds": 21.4, "steps": [
///   { "name": "lint", "result": "passed", "seconds": 21.4, "tests": "9 passed, 0 failed" } ] }
/// ```
///
/// `tests` is null for a step that counts nothing. `seconds` is wall time; steps may run at once. Without `complete`,
/// the run has not passed, whatever its steps say.
pub(super) fn json(results: &[StepResult], elapsed: Duration, complete: bool) -> Result<String> {
    let steps: Vec<serde_json::Value> = results.iter().map(step).collect();
    let seconds = elapsed.as_secs_f64();
    let passed = complete && results.iter().all(|result| result.verdict == Verdict::Passed);
    let report = json!({ "passed": passed, "seconds": seconds, "steps": steps });
    serde_json::to_string_pretty(&report).context("could not write the results as JSON")
}

fn step(result: &StepResult) -> serde_json::Value {
    json!({
        "name": result.step.name(),
        "result": result.verdict.word(),
        "seconds": result.elapsed.as_secs_f64(),
        "tests": result.counts.sum,
    })
}

#[cfg(test)]
mod tests {
    use flags::Step;

    use super::*;
    use crate::ci::test_counts::TestCounts;

    #[test]
    fn names_every_step_with_its_result() {
        let result = |step, verdict, log: &str| StepResult {
            step,
            verdict,
            elapsed: Duration::from_millis(1500),
            counts: TestCounts::read(log),
        };
        let results = [
            result(Step::Unit, Verdict::Failed, "3 passed, 1 failed"),
            result(Step::ComponentBench, Verdict::NotRun, ""),
        ];
        let parsed: serde_json::Value =
            serde_json::from_str(&json(&results, Duration::from_secs(2), true).unwrap()).unwrap();
        let expected = json!({ "passed": false, "seconds": 2.0, "steps": [
            { "name": "unit", "result": "failed", "seconds": 1.5, "tests": "3 passed, 1 failed" },
            { "name": "component-bench", "result": "not run", "seconds": 1.5, "tests": null }] });
        assert_eq!(parsed, expected);
    }

    #[test]
    fn run_that_found_no_test_has_not_passed() {
        let result = StepResult {
            step: Step::Unit,
            verdict: Verdict::Passed,
            elapsed: Duration::from_secs(1),
            counts: TestCounts::read("test result: ok. 0 passed; 0 failed; 0 ignored"),
        };
        for complete in [true, false] {
            let text = json(std::slice::from_ref(&result), Duration::from_secs(1), complete).unwrap();
            let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(parsed["passed"], complete);
        }
    }
}
