//! `xtask/data/workflow-runs/expected.toml` as closed types.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{
    observed::{self, Job},
    plan::Planned,
};

/// The content of the file: the workflows by the names of their files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    pub(super) workflow: BTreeMap<String, Workflow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workflow {
    /// The events that start it.
    events: BTreeSet<String>,
    /// For each job all jobs that end before it begins.
    waits: BTreeMap<String, BTreeSet<String>>,
    /// The lines of each job when nothing fails. A job of a matrix has its values in parentheses.
    jobs: BTreeMap<String, Vec<String>>,
    /// The workflows that it calls, by the names of the calling jobs.
    #[serde(default)]
    calls: BTreeMap<String, String>,
    pub(super) run: Vec<Run>,
}

/// An event, and how the run differs from one in which all jobs succeed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    pub(super) event: String,
    pub(super) reference: String,
    /// A part of the call that fails.
    pub(super) fails: Option<String>,
    /// The jobs that fail, with their lines.
    #[serde(default)]
    failed: BTreeMap<String, Vec<String>>,
    /// The jobs that do not run, without the values of their matrices.
    #[serde(default)]
    absent: BTreeSet<String>,
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` on {}", self.event, self.reference)?;
        match &self.fails {
            Some(call) => write!(formatter, " when `{call}` fails"),
            None => Ok(()),
        }
    }
}

impl Expected {
    /// Reads the file, which is compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../../../data/workflow-runs/expected.toml"))
            .context("could not parse xtask/data/workflow-runs/expected.toml")
    }

    /// Returns the jobs of a run of the workflow `name`, those of the workflows that it calls included.
    ///
    /// # Errors
    ///
    /// Fails if a workflow is called that is not in the file.
    pub(super) fn jobs(&self, name: &str, run: &Run) -> Result<BTreeMap<String, Job>> {
        let mut jobs = self.successful(name)?;
        jobs.retain(|job, _| !run.absent.contains(without_matrix(job)));
        let failed = run
            .failed
            .iter()
            .map(|(job, lines)| (job.clone(), Job::new("failure", lines)));
        jobs.extend(failed);
        observed::share_results(&mut jobs);
        Ok(jobs)
    }

    fn successful(&self, name: &str) -> Result<BTreeMap<String, Job>> {
        let workflow = self.workflow.get(name);
        let workflow = workflow.with_context(|| format!("expected.toml has no workflow `{name}`"))?;
        let mut jobs: BTreeMap<String, Job> = workflow
            .jobs
            .iter()
            .map(|(job, lines)| (job.clone(), Job::new("success", lines)))
            .collect();
        for (caller, called) in &workflow.calls {
            let called = self.successful(called)?.into_iter();
            jobs.extend(called.map(|(job, lines)| (format!("{caller} / {job}"), lines)));
        }
        Ok(jobs)
    }
}

impl Workflow {
    /// Returns the jobs that act has to plan.
    pub(super) fn plan(&self) -> BTreeMap<String, Planned> {
        let planned = |waits: &BTreeSet<String>| Planned {
            events: self.events.clone(),
            waits: waits.clone(),
        };
        self.waits
            .iter()
            .map(|(job, waits)| (job.clone(), planned(waits)))
            .collect()
    }
}

/// Returns the job of `native (linux-amd64)`, and the calling one of `Checks / lint`.
fn without_matrix(job: &str) -> &str {
    let end = job.find([' ', '/']).unwrap_or(job.len());
    &job[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [workflow.checks]
        events = ["push"]
        waits = { lint = [], test = ["lint"] }
        jobs = { lint = ["cargo lint"], "test (a)" = [], "test (b)" = [] }
        [[workflow.checks.run]]
        event = "push"
        reference = "main"
        fails = "lint"
        failed = { lint = ["cargo lint"] }
        absent = ["test"]

        [workflow.release]
        events = ["push"]
        waits = { checks = [] }
        jobs = {}
        calls = { Checks = "checks" }
        [[workflow.release.run]]
        event = "push"
        reference = "v1"
    "#;

    fn names(jobs: &BTreeMap<String, Job>) -> Vec<&str> {
        jobs.keys().map(String::as_str).collect()
    }

    #[test]
    fn failing_run_lacks_absent_jobs() {
        let expected: Expected = toml::from_str(FILE).unwrap();
        let run = &expected.workflow["checks"].run[0];
        let jobs = expected.jobs("checks", run).unwrap();
        assert_eq!(names(&jobs), ["lint"]);
        assert_eq!(jobs["lint"], Job::new("failure", &["cargo lint".to_owned()]));
        assert_eq!(run.to_string(), "`push` on main when `lint` fails");
    }

    #[test]
    fn run_has_jobs_of_called_workflow() {
        let mut expected: Expected = toml::from_str(FILE).unwrap();
        let run = expected.workflow.get_mut("release").unwrap().run.remove(0);
        let jobs = expected.jobs("release", &run).unwrap();
        assert_eq!(
            names(&jobs),
            ["Checks / lint", "Checks / test (a)", "Checks / test (b)"]
        );
        expected.workflow.remove("checks");
        assert!(expected.jobs("release", &run).is_err());
    }

    #[test]
    fn file_has_known_jobs_only() {
        let expected = Expected::load().unwrap();
        for workflow in expected.workflow.values() {
            let known = |job: &str| workflow.waits.contains_key(job) || workflow.calls.contains_key(job);
            for run in &workflow.run {
                let mut named = run.absent.iter().chain(run.failed.keys());
                assert!(named.all(|job| known(without_matrix(job))), "{run}");
            }
        }
    }
}
