//! `docs/performance.json`: what was measured last, subject by subject. The page is drawn from it alone, so drawing it again
//! changes nothing.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result};
use devkit::{files, project::Project};
use flags::Subject;
use serde::{Deserialize, Serialize};

use super::{machine::Machine, metric::Metric};

/// The whole file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Record(pub(super) BTreeMap<Subject, Figures>);

/// One subject, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    /// The commit, with `-dirty` where the checkout differed from it.
    pub(super) revision: Option<String>,
    pub(super) machine: Machine,
    pub(super) metrics: Vec<Metric>,
}

impl Figures {
    /// The metric called `name`.
    pub(super) fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

impl Record {
    /// Reads the file; nothing where there is none yet.
    pub(super) fn load(project: &Project) -> Result<Self> {
        let path = path(project);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = files::read(&path)?;
        serde_json::from_slice(&text)
            .with_context(|| format!("bad `{}`: delete it, and measure again", path.display()))
    }

    /// Takes `figures` in the place of what was there of `subject`.
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
