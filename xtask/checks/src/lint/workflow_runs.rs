//! Runs the workflows with act, without GitHub and Docker, and compares the jobs and their calls with
//! `xtask/data/workflow-runs/expected.toml`.
//!
//! The linters read a workflow; this shows what its conditions, needs, matrices and expressions do. All programs and
//! actions are stubs that print what they are asked for, in a temporary directory. Modules in reading order:
//! [`expected`] is the data, [`sandbox`] the directory, [`plan`] and [`observed`] read what act prints, [`difference`]
//! compares.
//!
//! act differs from GitHub, and these statements are not checked:
//!
//! - act runs every job on this machine, with its system and its shells.
//! - It ignores `continue-on-error` of jobs, permissions, concurrency and time limits, and the filters of branches and
//!   tags below `on`: an event runs for any reference.
//! - It runs jobs in stages: a job also waits for jobs that it does not need.
//! - When a job of a called workflow fails, it stops. So no run here fails in one.
//! - It copies the files itself in place of `actions/checkout`.

mod difference;
mod expected;
mod observed;
mod plan;
mod sandbox;

use anyhow::{Context as _, Result, ensure};
use devkit::project::Project;

use self::{
    expected::{Expected, Run, Workflow},
    observed::Output,
    sandbox::Sandbox,
};

/// Validates all workflows, and compares their plans and runs with the expected ones.
///
/// # Errors
///
/// Fails with all differences, or with act's message if a workflow is invalid.
pub(super) fn check(project: &Project) -> Result<()> {
    let expected = Expected::load()?;
    let sandbox = Sandbox::new(project)?;
    sandbox.validate()?;
    let mut differences = difference::of_names(&expected, &sandbox.workflows()?);
    for (name, workflow) in &expected.workflow {
        differences.extend(plan_differences(&sandbox, name, workflow)?);
        for run in &workflow.run {
            differences.extend(run_differences(&sandbox, &expected, name, run)?);
        }
    }
    ensure!(
        differences.is_empty(),
        "the workflows differ from xtask/data/workflow-runs/expected.toml: correct the workflow, or that file\n\n{}\n",
        differences.join("\n")
    );
    Ok(())
}

fn plan_differences(sandbox: &Sandbox, name: &str, workflow: &Workflow) -> Result<Vec<String>> {
    let mut found = plan::read(&sandbox.list(name, None)?);
    for (job, planned) in &mut found {
        // The plan for one job has the jobs that end before it, and itself.
        let mut before = plan::read(&sandbox.list(name, Some(job))?);
        before.remove(job);
        planned.waits = before.into_keys().collect();
    }
    Ok(difference::of_plans(name, &workflow.plan(), &found))
}

fn run_differences(sandbox: &Sandbox, expected: &Expected, name: &str, run: &Run) -> Result<Vec<String>> {
    let title = format!("{name}.yml: {run}");
    let output = undisturbed(|| sandbox.run(name, run))?;
    let found = observed::read(name, &output.printed).with_context(|| format!("could not read {title}"))?;
    let mut differences = difference::of_jobs(&title, &expected.jobs(name, run)?, &found);
    if !differences.is_empty() {
        differences.extend(observed::errors(&output));
    }
    Ok(differences)
}

/// Runs act again, at most twice, if it was disturbed. A fault of a workflow comes back each time.
fn undisturbed(run: impl Fn() -> Result<Output>) -> Result<Output> {
    let mut output = run()?;
    for _ in 0..2 {
        if !observed::is_disturbed(&output) {
            break;
        }
        output = run()?;
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn repeats_disturbed_runs_only() {
        let runs_with = |printed: &str| {
            let count = Cell::new(0);
            let run = || {
                count.set(count.get() + 1);
                Ok(Output {
                    printed: printed.to_owned(),
                    complaints: String::new(),
                })
            };
            undisturbed(run).unwrap();
            count.get()
        };
        assert_eq!(runs_with("exit status 1"), 1);
        assert_eq!(runs_with("fork/exec /programs/node: input/output error"), 3);
    }
}
