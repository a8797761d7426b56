//! The history of accepted sizes: `xtask/data/size/history.tsv`, a line for each artifact each time.

use std::{path::PathBuf, time::SystemTime};

use anyhow::{Context as _, Result};
use builds::files::{self, replace};
use devkit::project::Project;
use serde::Serialize;
use wasm_diet::Sizes;

/// A line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    /// Date, such as `2026-11-22`.
    pub(super) date: String,
    /// The short commit that was checked out, with a `+` if there were changes.
    pub(super) revision: String,
    pub(super) artifact: String,
    #[serde(flatten)]
    pub(super) size: Sizes,
    /// The reason that was given.
    pub(super) why: String,
}

/// Returns all lines, the oldest first.
///
/// # Errors
/// Fails if the file cannot be read, or if a line is invalid.
pub(super) fn read(project: &Project) -> Result<Vec<Entry>> {
    let path = path(project);
    let text = files::read_text(&path)?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            Entry::parse(line).with_context(|| {
                format!(
                    "{}:{}: expected date, revision, artifact, raw, gzip and why, separated by tabs",
                    path.display(),
                    number + 1
                )
            })
        })
        .collect()
}

/// Appends lines.
///
/// # Errors
/// Fails if the file cannot be read or written.
pub(super) fn append(project: &Project, entries: &[Entry]) -> Result<()> {
    let path = path(project);
    let mut text = files::read_text(&path)?;
    entries.iter().for_each(|entry| text.push_str(&entry.line()));
    replace(&path, text.as_bytes())
}

/// Returns today's date in UTC.
pub(super) fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn path(project: &Project) -> PathBuf {
    project.root.join("xtask/data/size").join("history.tsv")
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let [date, revision, artifact, raw, gzip, why] =
            line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let size = Sizes {
            raw: raw.parse().ok()?,
            gzip: gzip.parse().ok()?,
        };
        let [date, revision, artifact, why] = [date, revision, artifact, why].map(str::to_owned);
        Some(Self {
            date,
            revision,
            artifact,
            size,
            why,
        })
    }

    fn line(&self) -> String {
        let Self {
            date,
            revision,
            artifact,
            size,
            why,
        } = self;
        // Tabs and line breaks separate fields and lines, so the reason may have none.
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        format!(
            "{date}\t{revision}\t{artifact}\t{}\t{}\t{why}\n",
            size.raw, size.gzip
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_line_that_it_writes() {
        let entry = Entry {
            date: "2026-11-22".to_owned(),
            revision: "b74977e+".to_owned(),
            artifact: "clawft.wasm".to_owned(),
            size: Sizes {
                raw: 117_000,
                gzip: 53_000,
            },
            why: "streams\tand\nretries".to_owned(),
        };
        let line = entry.line();
        assert_eq!(line.lines().count(), 1);
        let back = Entry::parse(line.trim_end()).unwrap();
        assert_eq!(
            back,
            Entry {
                why: "streams and retries".to_owned(),
                ..entry
            }
        );
        assert_eq!(Entry::parse("2026-11-22\tabc\tclawft.wasm\tmany\t2\twhy"), None);
    }
}
