//! A comparison as a table: for the terminal, and for the documentation between two marks.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use wasm_diet::Sizes;

use super::{
    comparison::{Comparison, Row},
    trial::MESSAGES,
};
use crate::table;

/// The marks around the generated part of the page.
const MARKS: [&str; 2] = [
    "<!-- cargo xtask size compare: begin -->\n",
    "<!-- cargo xtask size compare: end -->",
];

/// The headings of the columns with numbers.
const STAGES: [&str; 3] = ["release", "for size", "optimised"];

/// Returns the table for the terminal.
pub(super) fn table(comparison: &Comparison) -> String {
    let headings = headings();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    table::table(
        &headings,
        comparison.rows.iter().map(cells).collect(),
        1..1 + 2 * STAGES.len(),
    )
}

/// Replaces the part of `page` between the marks.
///
/// # Errors
/// Fails if the marks are missing.
pub(super) fn put_into(page: &str, comparison: &Comparison) -> Result<String> {
    let parts = page
        .split_once(MARKS[0])
        .and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?.1)));
    let (before, after) =
        parts.with_context(|| format!("the page has no marks `{}` and `{}`", MARKS[0].trim(), MARKS[1]))?;
    Ok([before, MARKS[0], &section(comparison), MARKS[1], after].concat())
}

fn section(comparison: &Comparison) -> String {
    let headings = headings();
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rules: Vec<String> = (0..headings.len())
        .map(|column| rule(column).to_owned())
        .collect();
    let mut text = format!(
        "![Bytes of each component, as a chart](size-compare.svg)\n\n{}",
        line(&headings)
    );
    let rules = line(&rules).replace(' ', "");
    text.push_str(&rules);
    comparison
        .rows
        .iter()
        .for_each(|row| text.push_str(&line(&cells(row))));
    let Comparison {
        toolchain, wasmtime, ..
    } = comparison;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\nKB, with {toolchain}, run in wasmtime {wasmtime}.");
    text
}

fn headings() -> Vec<String> {
    let mut headings = vec!["made with".to_owned()];
    headings.extend(
        STAGES
            .iter()
            .flat_map(|stage| [(*stage).to_owned(), "gzip".to_owned()]),
    );
    headings.extend(MESSAGES.map(|bytes| format!("{} message", size(bytes))));
    headings
}

/// Returns the alignment of a column.
fn rule(column: usize) -> &'static str {
    if (1..1 + 2 * STAGES.len()).contains(&column) {
        "---:"
    } else {
        "---"
    }
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![row.name.clone()];
    for measured in [row.plain, row.small, Some(row.shrunk)] {
        let number = |of: fn(Sizes) -> usize| measured.map(of).map(kilobytes).unwrap_or_default();
        cells.extend([number(|measured| measured.raw), number(|measured| measured.gzip)]);
    }
    let verdict = |index| row.trials.get(index).map(ToString::to_string).unwrap_or_default();
    cells.extend((0..MESSAGES.len()).map(verdict));
    cells
}

/// Returns bytes in KB with one decimal.
pub(super) fn kilobytes(bytes: usize) -> String {
    let tenths = (bytes + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Returns a round number of bytes with its unit.
fn size(bytes: usize) -> String {
    if bytes < 1_000_000 {
        format!("{} KB", bytes / 1_000)
    } else {
        format!("{} MB", bytes / 1_000_000)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{super::comparison::Verdict, *};

    /// Returns a comparison of two stacks.
    pub(in super::super) fn example() -> Comparison {
        let measured = |raw| Some(Sizes { raw, gzip: raw / 2 });
        let shrunk = Sizes {
            raw: 117_663,
            gzip: 53_718,
        };
        let ours = Row {
            name: "ours".to_owned(),
            ours: true,
            plain: measured(300_000),
            small: measured(150_049),
            shrunk,
            trials: vec![Verdict::Works, Verdict::Traps],
        };
        let other = Row {
            name: "a <b>".to_owned(),
            ours: false,
            plain: None,
            small: None,
            trials: vec![],
            ..ours.clone()
        };
        Comparison {
            toolchain: "rustc 1".to_owned(),
            wasmtime: "2".to_owned(),
            rows: vec![ours, other],
        }
    }

    #[test]
    fn replaces_only_text_between_marks() {
        let page = ["# Size\n\n", MARKS[0], "old\n", MARKS[1], "\n\nmore\n"].concat();
        let once = put_into(&page, &example()).unwrap();
        assert!(
            once.starts_with("# Size\n\n<!--") && once.ends_with("-->\n\nmore\n") && !once.contains("old")
        );
        assert!(
            once.contains("\n| ours | 300.0 | 150.0 | 150.0 | 75.0 | 117.7 | 53.7 | works | traps |\n"),
            "{once}"
        );
        assert!(
            once.contains("\n|---|---:|---:|---:|---:|---:|---:|---|---|\n"),
            "{once}"
        );
        assert_eq!(put_into(&once, &example()).unwrap(), once);
        assert!(put_into("# Size", &example()).is_err());
    }

    #[test]
    fn rounds_bytes_to_one_decimal() {
        assert_eq!([49, 50, 117_663].map(kilobytes), ["0.0", "0.1", "117.7"]);
        assert_eq!(MESSAGES.map(size), ["5 KB", "2 MB"]);
    }
}
