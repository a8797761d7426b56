//! The record of steps that passed for a commit, `passed.json`, so that `--resume` and a release do not run them again.
//!
//! ```json
//! { "commit": "<40 digits>", "steps": { "lint": 21.4 } }
//! ```
//!
//! Only a clean checkout counts: changed files cannot be identified later.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use builds::files;
use devkit::{project::Project, revision};
use flags::Step;
use serde::{Deserialize, Serialize};

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Passed {
    /// The commit, in full.
    commit: String,
    /// Seconds that each passed step took, by its name.
    steps: BTreeMap<String, f64>,
}

impl Passed {
    /// Returns the record for the commit that is checked out; `None` if sources differ from it, or there is no commit.
    pub(super) fn of(project: &Project) -> Result<Option<Self>> {
        let commit = revision::of(project)?.filter(|revision| !revision.ends_with("-dirty"));
        // cargo compiles such files, though git does not know them.
        if revision::has_new_sources(project)? {
            return Ok(None);
        }
        Ok(commit.map(|commit| Self::read(&path(project), commit)))
    }

    /// Reads the record of `commit` from the file at `path`; empty if the file is for another commit or damaged.
    fn read(path: &Path, commit: String) -> Self {
        let kept = fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        kept.filter(|kept| kept.commit == commit).unwrap_or(Self {
            commit,
            steps: BTreeMap::new(),
        })
    }

    /// Returns whether `step` has passed.
    pub(super) fn contains(&self, step: Step) -> bool {
        self.steps.contains_key(&step.name())
    }

    /// Adds a step that has just passed, if the checkout is still at the commit of `before`.
    pub(super) fn add(project: &Project, before: Option<&Self>, step: Step, time: Duration) -> Result<()> {
        let Some(mut now) = Self::of(project)?.filter(|now| before.is_some_and(|it| it.commit == now.commit))
        else {
            return Ok(());
        };
        now.steps.insert(step.name(), time.as_secs_f64());
        let text = serde_json::to_vec_pretty(&now).context("could not write the record of passed steps")?;
        files::replace(&path(project), &text)
    }
}

fn path(project: &Project) -> PathBuf {
    super::directory(project).join("passed.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_the_record_of_another_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("passed.json");
        let one = Passed {
            commit: "one".to_owned(),
            steps: BTreeMap::from([("lint".to_owned(), 21.5)]),
        };
        fs::write(&path, serde_json::to_vec(&one).unwrap()).unwrap();
        assert_eq!(Passed::read(&path, "one".to_owned()), one);
        assert!(one.contains(Step::Lint) && !one.contains(Step::Unit));
        assert!(!Passed::read(&path, "two".to_owned()).contains(Step::Lint));
        fs::write(&path, "half").unwrap();
        assert!(!Passed::read(&path, "one".to_owned()).contains(Step::Lint));
    }

    #[test]
    fn new_source_is_no_part_of_a_commit() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let project = Project {
            root: root.to_owned(),
            target: root.join("target"),
            dist: root.join("target/dist"),
            cache: root.join("cache"),
        };
        let shell = project.shell().unwrap();
        let git = |words: &[&str]| revision::ask_git(&shell, words).unwrap().unwrap();
        git(&["init", "--quiet"]);
        fs::write(root.join("a.rs"), "").unwrap();
        git(&["add", "a.rs"]);
        let author = ["-c", "user.name=a", "-c", "user.email=a@localhost"];
        git(&[author.as_slice(), &["commit", "--quiet", "-m", "a"]].concat());
        fs::write(root.join("notes.txt"), "").unwrap();
        assert!(Passed::of(&project).unwrap().is_some());
        fs::write(root.join("b.rs"), "").unwrap();
        assert!(Passed::of(&project).unwrap().is_none());
    }
}
