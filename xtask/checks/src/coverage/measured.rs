//! The parts of tarpaulin's report that are needed.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Deserialize;

/// A source file and its lines that can run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Path relative to the workspace's root, with `/` as the separator.
    pub(super) path: String,
    /// Each line with whether a test ran it, in order.
    pub(super) lines: Vec<(u64, bool)>,
    /// Whether the file contains a function, measured or not.
    pub(super) code: bool,
}

#[derive(Deserialize)]
struct Report {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    /// Path from the root of the file system, one element per directory.
    path: Vec<String>,
    content: String,
    traces: Vec<Trace>,
}

#[derive(Deserialize)]
struct Trace {
    line: u64,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(rename = "Line")]
    runs: u64,
}

/// Returns every file below `root` in the report, including those without a line that can run.
pub(super) fn sources(report: &[u8], root: &Path) -> Result<Vec<Source>> {
    let report: Report = serde_json::from_slice(report)?;
    Ok(report
        .files
        .into_iter()
        .filter_map(|file| source(file, root))
        .collect())
}

fn source(file: File, root: &Path) -> Option<Source> {
    let path: PathBuf = file.path.iter().collect();
    let parts = path.strip_prefix(root).ok()?.components();
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    let mut lines: Vec<_> = file
        .traces
        .iter()
        .map(|trace| (trace.line, trace.stats.runs > 0))
        .collect();
    lines.sort_unstable();
    Some(Source {
        path: parts.join("/"),
        lines,
        code: file.content.contains("fn "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_below_the_root_with_lines() {
        let report = br#"{"files": [
            {"path": ["/", "w", "src", "a.rs"], "content": "fn a() {}", "covered": 1, "coverable": 2, "traces": [
                {"line": 7, "address": [], "length": 0, "stats": {"Line": 0}, "fn_name": null},
                {"line": 3, "address": [], "length": 0, "stats": {"Line": 9}}]},
            {"path": ["/", "elsewhere", "b.rs"], "content": "", "traces": []}]}"#;
        let expected = Source {
            path: "src/a.rs".to_owned(),
            lines: vec![(3, true), (7, false)],
            code: true,
        };
        assert_eq!(sources(report, Path::new("/w")).unwrap(), [expected]);
    }
}
