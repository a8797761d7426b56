//! The result of a run: a table for the terminal, or JSON.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use builds::{
    budget::{Budget, Measured, grouped},
    digest,
};
use comfy_table::{CellAlignment, Table, presets};
use devkit::ui;
use flags::values::Target;
use serde::Serialize;

use super::execute::VERSION;

/// The number of digits of a short commit: unique in practice, and short enough for `weft --version`.
const SHORT: usize = 12;

/// The binaries and archives of a run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    /// The commit that was built, with `-dirty` if the checkout has changes; null outside a checkout.
    revision: Option<String>,
    binaries: BTreeMap<&'static str, Binary>,
    archives: BTreeMap<String, Archive>,
}

#[derive(Debug, Serialize)]
struct Binary {
    target: &'static str,
    #[serde(flatten)]
    size: Measured,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Archive {
    bytes: usize,
    sha256: String,
}

impl Report {
    pub(super) fn new(revision: Option<String>) -> Self {
        Self {
            version: VERSION,
            revision,
            binaries: BTreeMap::new(),
            archives: BTreeMap::new(),
        }
    }

    /// Returns the commit as `weft --version` prints it. It is cut here and not by git, which takes more digits in
    /// a larger clone.
    pub(super) fn short_revision(&self) -> String {
        let Some(revision) = &self.revision else {
            return "unknown".to_owned();
        };
        let (commit, dirty) = match revision.strip_suffix("-dirty") {
            Some(commit) => (commit, "-dirty"),
            None => (revision.as_str(), ""),
        };
        format!("{}{dirty}", commit.get(..SHORT).unwrap_or(commit))
    }

    pub(super) fn binary(&mut self, target: Target, bytes: &[u8], size: Measured) {
        let binary = Binary {
            target: target.triple(),
            size,
            sha256: digest::sha256(bytes),
        };
        self.binaries.insert(target.file_name(), binary);
    }

    pub(super) fn archive(&mut self, name: String, bytes: &[u8]) {
        self.archives.insert(
            name,
            Archive {
                bytes: bytes.len(),
                sha256: digest::sha256(bytes),
            },
        );
    }

    /// Returns the name and size of each binary.
    pub(super) fn sizes(&self) -> Vec<(&str, Measured)> {
        self.binaries
            .iter()
            .map(|(&name, binary)| (name, binary.size))
            .collect()
    }

    /// Prints the table, or JSON.
    pub(super) fn print(&self, json: bool, budget: Option<&Budget>) -> Result<()> {
        if json {
            return ui::result(&serde_json::to_string_pretty(self).context("could not write the report")?);
        }
        ui::result(&self.table(budget).to_string())
    }

    fn table(&self, budget: Option<&Budget>) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["made", "form", "bytes", "budget"]);
        for (&name, binary) in &self.binaries {
            let row = budget.and_then(|budget| budget.row(name));
            let share = |bounds: Option<String>| bounds.unwrap_or_default();
            let Measured { raw, gzip } = binary.size;
            table.add_row([
                name,
                "binary",
                &grouped(raw),
                &share(row.map(|row| row.raw.share(raw))),
            ]);
            table.add_row([
                "",
                "gzip -9",
                &grouped(gzip),
                &share(row.map(|row| row.gzip.share(gzip))),
            ]);
        }
        for (name, archive) in &self.archives {
            table.add_row([name, "archive", &grouped(archive.bytes), ""]);
        }
        for column in [2, 3] {
            table
                .column_mut(column)
                .expect("the header has four")
                .set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortens_commit_and_keeps_dirty_mark() {
        let short = |revision: Option<&str>| Report::new(revision.map(str::to_owned)).short_revision();
        assert_eq!(
            short(Some("0123456789abcdef0123456789abcdef01234567")),
            "0123456789ab"
        );
        assert_eq!(
            short(Some("0123456789abcdef0123456789abcdef01234567-dirty")),
            "0123456789ab-dirty"
        );
        assert_eq!(short(None), "unknown");
    }

    #[test]
    fn writes_sizes_and_sums_as_json() {
        let mut report = Report::new(None);
        report.binary(Target::LinuxArm64, b"abc", Measured { raw: 3, gzip: 23 });
        report.archive("weft.tar.gz".to_owned(), b"abc");
        let json = serde_json::to_value(&report).unwrap();
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let binary = serde_json::json!({
            "target": "aarch64-unknown-linux-musl", "raw": 3, "gzip": 23, "sha256": sum
        });
        assert_eq!(json["binaries"]["weft-linux-arm64"], binary);
        assert_eq!(
            json["archives"]["weft.tar.gz"],
            serde_json::json!({ "bytes": 3, "sha256": sum })
        );
        assert_eq!(
            report.sizes(),
            [("weft-linux-arm64", Measured { raw: 3, gzip: 23 })]
        );
    }
}
