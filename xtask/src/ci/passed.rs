//! What has passed for which commit: `passed.json`, so that a release need not do again what `ci` has just done.
//!
//! ```json
//! { "commit": "<40 digits>", "steps": { "lint": 21.4 } }
//! ```
//!
//! Only a clean checkout counts: of anything else nobody could say later what it was.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use devkit::{files, project::Project, revision};
use serde::{Deserialize, Serialize};

use crate::cli::Step;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Passed {
    /// The commit, in full.
    commit: String,
    /// By name how many seconds each step took that passed.
    steps: BTreeMap<String, f64>,
}

impl Passed {
    /// What has passed for the commit that is checked out; `None` if more than that commit is in the files, or no commit.
    pub(super) fn of(project: &Project) -> Result<Option<Self>> {
        let commit = revision::of(project)?.filter(|revision| !revision.ends_with("-dirty"));
        Ok(commit.map(|commit| Self::read(&path(project), commit)))
    }

    /// What the file at `path` says of `commit`. A file of another commit, or one that nobody understands, says nothing.
    fn read(path: &Path, commit: String) -> Self {
        let kept = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        kept.filter(|kept| kept.commit == commit).unwrap_or(Self { commit, steps: BTreeMap::new() })
    }

    /// Whether `step` is among them.
    pub(super) fn contains(&self, step: Step) -> bool {
        self.steps.contains_key(&step.name())
    }

    /// Adds a step that has just passed, if the checkout is still what it was when `before` was read.
    pub(super) fn add(project: &Project, before: Option<&Self>, step: Step, time: Duration) -> Result<()> {
        let Some(mut now) = Self::of(project)?.filter(|now| before.is_some_and(|it| it.commit == now.commit))
        else {
            return Ok(());
        };
        now.steps.insert(step.name(), time.as_secs_f64());
        let text = serde_json::to_vec_pretty(&now).context("could not write down what passed")?;
        files::replace(&path(project), &text)
    }
}

fn path(project: &Project) -> PathBuf {
    super::folder(project).join("passed.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_for_another_commit_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passed.json");
        let one = Passed { commit: "one".to_owned(), steps: BTreeMap::from([("lint".to_owned(), 21.5)]) };
        fs::write(&path, serde_json::to_vec(&one).unwrap()).unwrap();
        assert_eq!(Passed::read(&path, "one".to_owned()), one);
        assert!(one.contains(Step::Lint) && !one.contains(Step::Unit));
        assert!(!Passed::read(&path, "two".to_owned()).contains(Step::Lint));
        fs::write(&path, "half").unwrap();
        assert!(!Passed::read(&path, "one".to_owned()).contains(Step::Lint));
    }
}
