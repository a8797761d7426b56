//! `wasm-diet check`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use size_budget::{Bounds, Budget, Measured, Row, with_cures};
use wasm_diet::deflate;

use super::{
    Verdict,
    args::Check,
    files,
    table::{grouped, table},
};

/// A file beside its row.
#[derive(Serialize)]
struct File {
    name: String,
    #[serde(flatten)]
    measured: Measured,
    /// The bounds of the file, in bytes; `None` without a row.
    raw_bound: Option<usize>,
    /// The bounds of its gzip form.
    gzip_bound: Option<usize>,
}

/// Compares the files with the budget.
pub(super) fn run(args: &Check) -> Result<Verdict> {
    let budget = Budget::load(&args.budget)?;
    let measured = args.files.iter().map(|path| measure(path));
    let measured: Vec<(String, Measured)> = measured.collect::<Result<_>>()?;
    let file = |(name, measured): &(String, Measured)| {
        let row = budget.row(name);
        let bound = |of: fn(&Row) -> &Bounds| row.map(|row| of(row).tightest().bytes());
        File {
            name: name.clone(),
            measured: *measured,
            raw_bound: bound(|row| &row.raw),
            gzip_bound: bound(|row| &row.gzip),
        }
    };
    let rows: Vec<File> = measured.iter().map(file).collect();
    files::print(&if args.json {
        serde_json::to_string_pretty(&rows)?
    } else if args.markdown {
        markdown(&rows)
    } else {
        let headings = ["file", "bytes", "at most", "gzip -9", "at most"];
        table(&headings, rows.iter().map(cells).collect(), 1..5)
    })?;

    let made: Vec<_> = measured
        .iter()
        .map(|(name, measured)| (name.as_str(), *measured))
        .collect();
    let mut known: Vec<&str> = made.iter().map(|(name, _)| *name).collect();
    if !args.all {
        known.extend(budget.rows().map(|(name, _)| name));
    }
    match budget.check(&made, &known) {
        Ok(()) => Ok(Verdict::Good),
        Err(error) => Err(with_cures(error)),
    }
}

fn measure(path: &Path) -> Result<(String, Measured)> {
    let bytes = files::read(path)?;
    let name = path.file_name().context("a path has no file name")?;
    let measured = Measured {
        raw: bytes.len(),
        gzip: deflate::gzip(&bytes)?.len(),
    };
    Ok((name.to_string_lossy().into_owned(), measured))
}

fn cells(file: &File) -> Vec<String> {
    let bound = |bound: Option<usize>| bound.map_or_else(|| "no row".to_owned(), grouped);
    vec![
        file.name.clone(),
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
        let mut cells = cells(row);
        if let (false, Some(name)) = (good, cells.first_mut()) {
            *name = format!("❌ {name}");
        }
        text.push_str(&format!("\n| {} |", cells.join(" | ")));
    }
    text
}
