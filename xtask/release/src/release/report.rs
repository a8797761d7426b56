//! The result of a run: a table of the files, only the component in the registry if it was pushed, or JSON.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use builds::budget::grouped;
use comfy_table::{CellAlignment, Table, presets};
use devkit::ui;
use image::Reference;
use serde::Serialize;

use super::metadata::Metadata;

/// The result of a release.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Directory of the files.
    #[serde(rename = "folder")]
    pub(super) directory: PathBuf,
    /// The component in the registry, if it was pushed.
    pub(super) pushed: Option<Reference>,
    /// The tag in git, if it was made or existed.
    pub(super) tag: Option<String>,
    /// The content of `release.json`.
    pub(super) release: Metadata,
}

impl Report {
    /// Prints the report.
    pub(super) fn print(&self, json: bool) -> Result<()> {
        if json {
            let text = serde_json::to_string_pretty(self).context("could not write the report")?;
            return ui::result(&text);
        }
        match &self.pushed {
            Some(reference) => ui::result(&reference.to_string()),
            None => ui::result(&self.table().to_string()),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["file", "bytes", "gzip -9", "SHA-256"]);
        for (name, file) in &self.release.files {
            let gzip = file.gzip.map(grouped).unwrap_or_default();
            let sum = file.sha256.get(..16).unwrap_or_default();
            table.add_row([name, &grouped(file.bytes), &gzip, sum]);
        }
        for column in [1, 2] {
            table
                .column_mut(column)
                .expect("the header has four")
                .set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}
