//! `wasm-diet check`.

mod names;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use size_budget::{Bounds, Budget, Measured, Row, with_cures};
use wasm_diet::deflate;

use super::{
    Verdict,
    args::Check,
    files,
    table::{grouped, short, table},
    text::markdown_cell,
};

/// A file beside its row.
#[derive(Serialize)]
struct File {
    /// The name of its row, or the one that a row for it would have.
    name: String,
    path: String,
    #[serde(flatten)]
    measured: Measured,
    /// The bounds of the file, in bytes; `None` without a row.
    raw_bound: Option<usize>,
    /// The bounds of its gzip form.
    gzip_bound: Option<usize>,
}

/// Compares the files with the budget.
pub(super) fn run(args: &Check) -> Result<Verdict> {
    files::check_inputs(args.files.iter().map(PathBuf::as_path))?;
    let budget = Budget::load(&args.budget)?;
    let names = names::of(&args.files, &budget)?;
    let rows = args.files.iter().zip(names);
    let rows: Vec<File> = rows
        .map(|(path, name)| measure(path, name, &budget))
        .collect::<Result<_>>()?;
    if args.json {
        files::print_json(&serde_json::to_string_pretty(&rows)?)?;
    } else if args.markdown {
        files::print(&markdown(&rows))?;
    } else {
        let headings = ["file", "bytes", "at most", "gzip -9", "at most"];
        let cells = rows
            .iter()
            .map(|row| cells(row, short(row.label(&rows))))
            .collect();
        files::print(&table(&headings, cells, 1..5))?;
    }

    let made: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.measured)).collect();
    let mut known: Vec<&str> = made.iter().map(|(name, _)| *name).collect();
    if !args.all {
        known.extend(budget.rows().map(|(name, _)| name));
    }
    match budget.check(&made, &known) {
        Ok(()) => Ok(Verdict::Good),
        Err(error) => Err(with_cures(error)),
    }
}

impl File {
    /// Returns the name for people: the path, if several files have the row.
    fn label(&self, all: &[Self]) -> &str {
        let is_shared = all.iter().filter(|file| file.name == self.name).count() > 1;
        if is_shared { &self.path } else { &self.name }
    }
}

fn measure(path: &Path, name: String, budget: &Budget) -> Result<File> {
    let bytes = files::read(path)?;
    let row = budget.row(&name);
    let bound = |of: fn(&Row) -> &Bounds| row.map(|row| of(row).tightest().bytes());
    Ok(File {
        path: path.display().to_string(),
        measured: Measured {
            raw: bytes.len(),
            gzip: deflate::gzip(&bytes)?.len(),
        },
        raw_bound: bound(|row| &row.raw),
        gzip_bound: bound(|row| &row.gzip),
        name,
    })
}

fn cells(file: &File, label: String) -> Vec<String> {
    let bound = |bound: Option<usize>| bound.map_or_else(|| "no row".to_owned(), grouped);
    vec![
        label,
        grouped(file.measured.raw),
        bound(file.raw_bound),
        grouped(file.measured.gzip),
        bound(file.gzip_bound),
    ]
}

fn markdown(rows: &[File]) -> String {
    let mut text = "| file | bytes | at most | gzip -9 | at most |\n|---|--:|--:|--:|--:|".to_owned();
    for row in rows {
        let fits = |bytes: usize, bound: Option<usize>| bound.is_some_and(|bound| bytes <= bound);
        let good = fits(row.measured.raw, row.raw_bound) && fits(row.measured.gzip, row.gzip_bound);
        let name = markdown_cell(row.label(rows));
        let label = if good { name } else { format!("❌ {name}") };
        text.push_str(&format!("\n| {} |", cells(row, label).join(" | ")));
    }
    text
}
