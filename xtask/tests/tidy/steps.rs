//! The steps of a change on hosted machines: all of them run there, whatever job they are in.

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use flags::Step;

use crate::document::Document;

/// The steps that have a job with a command of their own, instead of `cargo xtask ci --only STEP`.
const ALONE: [(Step, &str); 4] = [
    (Step::Lint, "cargo xtask lint"),
    (Step::Wasm, "cargo xtask wasm --check-size --locked"),
    (Step::Wasmtime, "cargo xtask smoke wasmtime"),
    (Step::Wamr, "cargo xtask smoke wamr"),
];

/// The steps that hosted machines cannot run: they start an engine as root on Debian.
const ELSEWHERE: [Step; 1] = [Step::Engine];

/// Returns the names of the steps of a change that no job of `workflow` runs, and of `ELSEWHERE` those that one runs.
pub(crate) fn wrong(workflow: &Document) -> Vec<String> {
    let steps = workflow.jobs().flat_map(|job| job.steps());
    let lines: BTreeSet<&str> = steps.filter_map(|step| step["run"].as_str()).collect();
    let chosen: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("cargo xtask ci "))
        .flat_map(|words| words.split("--only ").map(str::trim))
        .collect();
    let runs = |step: &Step| {
        let alone = ALONE
            .iter()
            .any(|(found, line)| found == step && lines.contains(line));
        alone || chosen.contains(&step.name().as_str())
    };
    let of_change = Step::value_variants().iter().filter(|step| !step.is_long());
    of_change
        .filter(|step| runs(step) == ELSEWHERE.contains(step))
        .map(|step| step.name())
        .collect()
}
