//! The result of a build: a table for the terminal and as Markdown for a workflow's summary, and `size.json`.

use std::{
    collections::BTreeMap,
    env,
    fs::OpenOptions,
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use builds::{
    budget::{Budget, Measured, grouped},
    files::replace,
};
use comfy_table::{CellAlignment, Table, presets};
use devkit::{cmd, project::Project, ui};
use flags::values::Artifact;
use serde::Serialize;
use wasm_diet::{Anatomy, Part, Profile, Sizes, json};
use xshell::cmd;

/// The content of `size.json`, and the times, which are not in the file: equal input has to give an equal file.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The commit that was built, with `-dirty` if the checkout has changes; null outside a checkout.
    revision: Option<String>,
    /// `rustc --version`.
    toolchain: String,
    artifacts: BTreeMap<&'static str, Entry>,
    #[serde(skip)]
    order: Vec<Artifact>,
}

#[derive(Debug, Default, Serialize)]
struct Entry {
    target: &'static str,
    #[serde(flatten)]
    size: Option<Sizes>,
    steps: Vec<Step>,
    /// Parts of the file.
    #[serde(rename = "items")]
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Step {
    name: &'static str,
    /// Bytes after the step.
    bytes: usize,
    #[serde(skip)]
    seconds: f64,
}

impl Report {
    pub(super) fn new(project: &Project, revision: Option<String>) -> Result<Self> {
        let shell = project.shell()?;
        let toolchain = cmd::read(cmd!(shell, "rustc --version"), "ask rustc for its version")?;
        Ok(Self {
            revision,
            toolchain,
            artifacts: BTreeMap::new(),
            order: Vec::new(),
        })
    }

    /// Returns the commit that is built.
    pub(super) fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// Records a step that began at `started` and left `bytes` bytes.
    pub(super) fn step(&mut self, artifact: Artifact, name: &'static str, started: Instant, bytes: usize) {
        self.step_that_took(artifact, name, started.elapsed(), bytes);
    }

    /// Records a step that has ended before.
    pub(super) fn step_that_took(
        &mut self,
        artifact: Artifact,
        name: &'static str,
        took: Duration,
        bytes: usize,
    ) {
        if !self.order.contains(&artifact) {
            self.order.push(artifact);
        }
        let entry = self.artifacts.entry(artifact.file_name()).or_default();
        entry.target = artifact.target();
        entry.steps.push(Step {
            name,
            bytes,
            seconds: took.as_secs_f64(),
        });
    }

    /// Records an artifact's final size and its parts.
    pub(super) fn measured(&mut self, artifact: Artifact, Anatomy { size, parts }: Anatomy) {
        let entry = self.artifacts.entry(artifact.file_name()).or_default();
        entry.size = Some(size);
        entry.parts = parts;
    }

    /// Returns the profile of the artifacts.
    pub(super) fn profile(&self) -> Profile {
        let artifacts = self.artifacts.iter().filter_map(|(&name, entry)| {
            Some((
                name.to_owned(),
                Anatomy {
                    size: entry.size?,
                    parts: entry.parts.clone(),
                },
            ))
        });
        Profile {
            revision: self.revision.clone(),
            artifacts: artifacts.collect(),
        }
    }

    /// Returns the name and size of each artifact.
    pub(super) fn sizes(&self) -> Vec<(&'static str, Measured)> {
        self.artifacts
            .iter()
            .filter_map(|(&name, entry)| Some((name, measured(entry.size?))))
            .collect()
    }

    /// Writes `size.json`.
    pub(super) fn write(&self, directory: &Path) -> Result<()> {
        replace(
            &directory.join("size.json"),
            format!("{}\n", self.json()?).as_bytes(),
        )
    }

    /// Prints the table, or `size.json` with `--json`, and adds the table to the workflow's summary if there is
    /// one.
    pub(super) fn print(&self, json: bool, budget: Option<&Budget>) -> Result<()> {
        let mut table = self.table(budget);
        if let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
            let markdown = table.load_style(presets::ASCII_MARKDOWN).to_string();
            append(Path::new(&path), &markdown)?;
        }
        if json {
            return ui::result(&self.json()?);
        }
        ui::result(&table.load_style(presets::UTF8_BORDERS_ONLY).to_string())
    }

    fn json(&self) -> Result<String> {
        json::lines(self).context("could not write size.json")
    }

    fn table(&self, budget: Option<&Budget>) -> Table {
        let mut table = Table::new();
        table.set_header(["artifact", "step", "seconds", "bytes", "budget"]);
        for &artifact in &self.order {
            let name = artifact.file_name();
            let entry = &self.artifacts[name];
            let row = budget.and_then(|budget| budget.row(name));
            for (index, step) in entry.steps.iter().enumerate() {
                // The last two steps make the file and its compressed form, which the budget is about.
                let bounds = row.and_then(|row| match entry.steps.len() - index {
                    2 => Some(&row.raw),
                    1 => Some(&row.gzip),
                    _ => None,
                });
                table.add_row([
                    if index == 0 {
                        name.to_owned()
                    } else {
                        String::new()
                    },
                    step.name.to_owned(),
                    format!("{:.1}", step.seconds),
                    grouped(step.bytes),
                    bounds.map_or_else(String::new, |bounds| bounds.share(step.bytes)),
                ]);
            }
        }
        for column in [2, 3, 4] {
            table
                .column_mut(column)
                .expect("the header has five")
                .set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// Converts sizes to the budget's type.
pub(crate) fn measured(Sizes { raw, gzip }: Sizes) -> Measured {
    Measured { raw, gzip }
}

fn append(path: &Path, markdown: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("could not open the summary `{}`", path.display()))?;
    writeln!(file, "{markdown}").with_context(|| format!("could not write the summary `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report {
            revision: Some("abc".to_owned()),
            toolchain: "rustc 1.95.0".to_owned(),
            artifacts: BTreeMap::new(),
            order: Vec::new(),
        };
        let started = Instant::now();
        for (step, bytes) in [
            ("build", 400),
            ("optimise", 300),
            ("strip, validate", 200),
            ("gzip -9", 100),
        ] {
            report.step(Artifact::Component, step, started, bytes);
        }
        let size = Sizes { raw: 200, gzip: 100 };
        report.measured(
            Artifact::Component,
            Anatomy {
                size,
                parts: Vec::new(),
            },
        );
        report
    }

    fn budget() -> Budget {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("budget.toml");
        let bounds = "{ limit = \"1 KB\", ratchet = \"400 B\" }";
        let text = format!("[artifact.\"clawft.wasm\"]\nraw = {bounds}\ngzip = {bounds}\n");
        std::fs::write(&path, text).unwrap();
        Budget::load(&path).unwrap()
    }

    #[test]
    fn shows_share_of_file_and_compressed_form() {
        let mut table = report().table(Some(&budget()));
        let markdown = table.load_style(presets::ASCII_MARKDOWN).to_string();
        let shares: Vec<&str> = markdown
            .lines()
            .skip(2)
            .map(|line| line.rsplit('|').nth(1).unwrap().trim())
            .collect();
        assert_eq!(shares, ["", "", "50.0 % of 400 B", "25.0 % of 400 B"]);
    }

    #[test]
    fn size_json_has_no_times() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        let artifact = &json["artifacts"]["clawft.wasm"];
        assert_eq!((&artifact["raw"], &artifact["gzip"]), (&200.into(), &100.into()));
        assert_eq!(
            artifact["steps"][1],
            serde_json::json!({ "name": "optimise", "bytes": 300 })
        );
        assert_eq!(json["revision"], "abc");
    }

    #[test]
    fn appends_to_the_summary() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("summary.md");
        append(&path, "| one |").unwrap();
        append(&path, "| two |").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "| one |\n| two |\n");
    }
}
