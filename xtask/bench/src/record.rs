//! `docs/performance.json`: the latest figures of each subject. The page is made from this file alone, so making
//! it again changes nothing.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result};
use builds::files;
use devkit::project::Project;
use flags::Subject;
use serde::{Deserialize, Serialize};

use super::{machine::Machine, metric::Metric};

/// The content of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Record(pub(super) BTreeMap<Subject, Figures>);

/// The figures of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    /// The commit, with `-dirty` if the checkout has changes.
    pub(super) revision: Option<String>,
    pub(super) machine: Machine,
    pub(super) metrics: Vec<Metric>,
}

impl Figures {
    /// Returns the metric called `name`.
    pub(super) fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

impl Record {
    /// Reads the file; empty if it does not exist.
    pub(super) fn load(project: &Project) -> Result<Self> {
        let path = path(project);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = files::read(&path)?;
        serde_json::from_slice(&text).with_context(|| {
            format!(
                "could not parse `{}`: delete it, and measure again",
                path.display()
            )
        })
    }

    /// Replaces the figures of `subject`.
    pub(super) fn put(&mut self, subject: Subject, figures: Figures) {
        let metrics = figures.metrics.into_iter().map(Metric::rounded).collect();
        self.0.insert(subject, Figures { metrics, ..figures });
    }

    /// Writes the file.
    pub(super) fn store(&self, project: &Project) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("could not write figures as JSON")?;
        files::replace(&path(project), format!("{text}\n").as_bytes())
    }
}

fn path(project: &Project) -> PathBuf {
    project.root.join("docs").join("performance.json")
}
