//! Reads the log that `act --json` prints, a JSON object a line:
//!
//! ```json
//! {"job":"release/weft for linux-1","jobID":"native","matrix":{"target":"linux"},"raw_output":true,"msg":"cargo …\n"}
//! {"job":"release/weft for linux-1","jobID":"native","matrix":{"target":"linux"},"jobResult":"success","msg":"…"}
//! ```
//!
//! The first part of `job` is the name of the workflow, or of the job that calls another workflow.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

/// The output of a run.
#[derive(Debug)]
pub(super) struct Output {
    /// The log, on standard output.
    pub(super) printed: String,
    /// Standard error.
    pub(super) complaints: String,
}

/// A job that has run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Job {
    /// `success` or `failure`, and empty if act has stopped before its end.
    pub(super) result: String,
    /// The lines that its stubs have printed.
    pub(super) lines: Vec<String>,
}

impl Job {
    pub(super) fn new(result: &str, lines: &[String]) -> Self {
        Self {
            result: result.to_owned(),
            lines: lines.to_vec(),
        }
    }
}

/// A line of the log. Those about no job lack the first three members.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    job: String,
    #[serde(default, rename = "jobID")]
    id: String,
    #[serde(default)]
    matrix: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    level: String,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    raw_output: bool,
    #[serde(default, rename = "jobResult")]
    result: Option<String>,
}

impl Entry {
    /// Returns whether it is a line or the result of a job. A job that calls a workflow has only other entries.
    fn is_of_a_job(&self) -> bool {
        self.raw_output || self.result.is_some()
    }

    /// Returns the name in `expected.toml`: `native (linux-amd64, ubuntu)` or `Checks / native`.
    fn name(&self, workflow: &str) -> String {
        let caller = match self.job.split_once('/') {
            Some((first, _)) if first != workflow => format!("{first} / "),
            _ => String::new(),
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values: Vec<String> = self
            .matrix
            .iter()
            .flatten()
            .map(|(_, value)| text(value))
            .collect();
        let values = if values.is_empty() {
            String::new()
        } else {
            format!(" ({})", values.join(", "))
        };
        format!("{caller}{}{values}", self.id)
    }
}

/// Returns the jobs of the log of a run of `workflow`. A skipped job has no entry.
///
/// # Errors
///
/// Fails if a line is no JSON object with these members.
pub(super) fn read(workflow: &str, log: &str) -> Result<BTreeMap<String, Job>> {
    let mut jobs = BTreeMap::<String, Job>::new();
    for entry in entries(log)?.into_iter().filter(Entry::is_of_a_job) {
        let job = jobs.entry(entry.name(workflow)).or_default();
        if entry.raw_output {
            job.lines.push(entry.msg.trim_end().to_owned());
        }
        job.result = entry.result.unwrap_or_else(|| std::mem::take(&mut job.result));
    }
    share_results(&mut jobs);
    Ok(jobs)
}

/// Gives all jobs of a matrix the worst of their results. act has one result for all of them, and tells each job the
/// one of the moment. Their lines show which of them has failed.
pub(super) fn share_results(jobs: &mut BTreeMap<String, Job>) {
    let matrix = |job: &str| job.split(" (").next().unwrap_or(job).to_owned();
    let failed: BTreeSet<String> = jobs
        .iter()
        .filter(|(_, job)| job.result == "failure")
        .map(|(name, _)| matrix(name))
        .collect();
    for (name, job) in jobs {
        if failed.contains(&matrix(name)) {
            "failure".clone_into(&mut job.result);
        }
    }
}

/// Returns whether act could not start a program that exists. On a busy machine its terminals are sometimes closed too
/// early: `fork/exec …/programs/node: input/output error`.
pub(super) fn is_disturbed(output: &Output) -> bool {
    let disturbed = |line: &str| line.contains("fork/exec") && line.contains("input/output error");
    output.printed.lines().any(disturbed)
}

/// Returns act's own errors, each once. Its other messages are that there is neither Docker nor a git repository.
pub(super) fn errors(output: &Output) -> BTreeSet<String> {
    let logged = entries(&output.printed).unwrap_or_default().into_iter();
    let logged = logged
        .filter(|entry| entry.level == "error" && !entry.msg.contains("git repository"))
        .map(|entry| entry.msg);
    let last = output.complaints.lines().filter(|line| line.starts_with("Error"));
    logged
        .chain(last.map(str::to_owned))
        .map(|line| format!("  act: {line}"))
        .collect()
}

fn entries(log: &str) -> Result<Vec<Entry>> {
    let entry = |line: &str| {
        serde_json::from_str(line).with_context(|| format!("could not parse act's line `{line}`"))
    };
    log.lines().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"level":"info","msg":"Using docker host"}
{"job":"release/weft for linux-1  ","jobID":"native","level":"info","matrix":{"runner":"arm","target":2},"msg":"⭐ Run Set up job"}
{"job":"release/weft for linux-1  ","jobID":"native","level":"info","matrix":{"runner":"arm","target":2},"raw_output":true,"msg":"cargo xtask dist\n"}
{"job":"Checks/wasm-build/Lint","jobID":"lint","level":"error","matrix":{},"msg":"exit status 1"}
{"job":"Checks/wasm-build/Lint","jobID":"lint","level":"info","matrix":{},"jobResult":"failure","msg":"🏁  Job failed"}
{"job":"release/weft for linux-1  ","jobID":"native","level":"info","matrix":{"runner":"arm","target":2},"raw_output":true,"msg":"upload archive"}
{"job":"release/weft for linux-1  ","jobID":"native","level":"info","matrix":{"runner":"arm","target":2},"jobResult":"success","msg":"🏁  Job succeeded"}
{"job":"release/Image for linux/amd64","jobID":"images","level":"info","matrix":null,"raw_output":true,"msg":"download"}
{"job":"release/checks","jobID":"checks","level":"error","matrix":{},"msg":"/co not located inside a git repository"}"#;

    #[test]
    fn names_jobs_by_caller_and_matrix() {
        let jobs = read("release", LOG).unwrap();
        let lines = ["cargo xtask dist".to_owned(), "upload archive".to_owned()];
        let expected = [
            ("Checks / lint", Job::new("failure", &[])),
            ("images", Job::new("", &["download".to_owned()])),
            ("native (arm, 2)", Job::new("success", &lines)),
        ];
        let expected = expected.map(|(name, job)| (name.to_owned(), job));
        assert_eq!(jobs, BTreeMap::from(expected));
    }

    #[test]
    fn shows_errors_without_known_warnings() {
        let complaints = "Couldn't get a valid docker connection: none\nError: Job 'Lint' failed\n";
        let output = Output {
            printed: LOG.to_owned(),
            complaints: complaints.to_owned(),
        };
        let expected = ["  act: exit status 1", "  act: Error: Job 'Lint' failed"];
        assert_eq!(errors(&output), BTreeSet::from(expected.map(str::to_owned)));
    }

    #[test]
    fn failure_counts_for_whole_matrix() {
        let names = ["native (arm)", "native (x86)", "native-docs", "run (arm)"];
        let mut jobs = BTreeMap::from(names.map(|name| (name.to_owned(), Job::new("success", &[]))));
        "failure".clone_into(&mut jobs.get_mut("native (x86)").unwrap().result);
        share_results(&mut jobs);
        let results: Vec<&str> = jobs.values().map(|job| job.result.as_str()).collect();
        assert_eq!(results, ["failure", "failure", "success", "success"]);
    }

    #[test]
    fn recognises_programs_that_did_not_start() {
        let output = |printed: &str| Output {
            printed: printed.to_owned(),
            complaints: String::new(),
        };
        let disturbed = r#"{"msg":"fork/exec /tmp/programs/node: input/output error","level":"error"}"#;
        assert!(is_disturbed(&output(disturbed)));
        assert!(!is_disturbed(&output(LOG)));
        assert!(!is_disturbed(&output(
            r#"{"msg":"fork/exec /tmp/programs/zip: no such file"}"#
        )));
    }

    #[test]
    fn refuses_text_that_is_no_json() {
        let error = read("release", "panic: runtime error").unwrap_err().to_string();
        assert!(error.contains("panic: runtime error"), "{error}");
    }
}
