//! Every size that was ever accepted: `xtask/size/history.tsv`, a line for each artifact each time.

use std::{path::PathBuf, time::SystemTime};

use anyhow::{Context as _, Result};
use devkit::{
    files::{self, replace},
    project::Project,
};
use serde::Serialize;
use wasm_diet::Sizes;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    /// The day, as `2026-11-22`.
    pub(super) date: String,
    /// The commit that was checked out, shortened; with a `+` where there were changes on top of it.
    pub(super) revision: String,
    pub(super) artifact: String,
    #[serde(flatten)]
    pub(super) size: Sizes,
    /// What was said about it.
    pub(super) why: String,
}

/// All lines, the oldest first.
///
/// # Errors
/// The file can't be read, or a line is not one.
pub(super) fn read(project: &Project) -> Result<Vec<Entry>> {
    let path = path(project);
    let text = files::read_text(&path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            Entry::parse(line).with_context(|| {
                format!(
                    "{}:{}: a line is date, revision, artifact, raw, gzip and why, with tabs between",
                    path.display(),
                    number + 1
                )
            })
        })
        .collect()
}

/// Adds lines to the end.
///
/// # Errors
/// The file can't be read or written.
pub(super) fn append(project: &Project, entries: &[Entry]) -> Result<()> {
    let path = path(project);
    let mut text = files::read_text(&path)?;
    entries.iter().for_each(|entry| text.push_str(&entry.line()));
    replace(&path, text.as_bytes())
}

/// Today's date in UTC.
pub(super) fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn path(project: &Project) -> PathBuf {
    project.root.join("xtask").join("size").join("history.tsv")
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let [date, revision, artifact, raw, gzip, why] =
            line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let size = Sizes { raw: raw.parse().ok()?, gzip: gzip.parse().ok()? };
        let [date, revision, artifact, why] = [date, revision, artifact, why].map(str::to_owned);
        Some(Self { date, revision, artifact, size, why })
    }

    fn line(&self) -> String {
        let Self { date, revision, artifact, size, why } = self;
        // What separates fields and lines can't be part of the words.
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{date}\t{revision}\t{artifact}\t{}\t{}\t{why}\n", size.raw, size.gzip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        let entry = Entry {
            date: "2026-11-22".to_owned(),
            revision: "b74977e+".to_owned(),
            artifact: "clawft.wasm".to_owned(),
            size: Sizes { raw: 117_000, gzip: 53_000 },
            why: "streams\tand\nretries".to_owned(),
        };
        let line = entry.line();
        assert_eq!(line.lines().count(), 1);
        let back = Entry::parse(line.trim_end()).unwrap();
        assert_eq!(back, Entry { why: "streams and retries".to_owned(), ..entry });
        assert_eq!(Entry::parse("2026-11-22\tabc\tclawft.wasm\tmany\t2\twhy"), None);
    }
}
