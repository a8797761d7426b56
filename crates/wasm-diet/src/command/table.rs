//! Tables and numbers for people.

use comfy_table::{CellAlignment, Table, presets};
pub(super) use size_budget::grouped;

use super::text::one_line;

/// Returns a table with these headings. The columns in `numbers` hold numbers.
pub(super) fn table(headings: &[&str], rows: Vec<Vec<String>>, numbers: std::ops::Range<usize>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(headings);
    table.add_rows(rows);
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Returns `after` as a change from `before` in percent, such as `-12.5 %`.
pub(super) fn change(before: usize, after: usize) -> String {
    if before == after {
        return "same".to_owned();
    }
    let (before, after) = (before as f64, after as f64);
    format!("{:+.1} %", (after - before) * 100.0 / before.max(1.0))
}

/// Returns a number of bytes with its sign, such as `+1,234`; empty for zero.
pub(super) fn signed(bytes: isize) -> String {
    match bytes {
        0 => String::new(),
        more if more > 0 => format!("+{}", grouped(more.unsigned_abs())),
        less => format!("-{}", grouped(less.unsigned_abs())),
    }
}

/// Returns `part` of `whole` in percent.
pub(super) fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}

/// The maximum number of characters of a name in a table: generic names may have several lines.
const LONGEST: usize = 90;

/// Returns a name from a file in one line without control characters, shortened in its middle if it is long.
pub(super) fn short(name: &str) -> String {
    let characters: Vec<char> = one_line(name).chars().collect();
    if characters.len() <= LONGEST {
        return characters.into_iter().collect();
    }
    let half = LONGEST / 2;
    let start = characters.iter().take(half);
    let end = characters.iter().skip(characters.len() - half);
    start.chain(&['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortens_and_cleans_names() {
        let name = format!("start{}end", "é".repeat(200));
        let shown = short(&name);
        assert!(shown.starts_with("start") && shown.ends_with("end") && shown.chars().count() <= LONGEST + 1);
        assert_eq!(short("a\u{1b}[31m"), "a\u{fffd}[31m");
    }

    #[test]
    fn writes_changes_with_their_sign() {
        assert_eq!(change(200, 150), "-25.0 %");
        assert_eq!(change(200, 200), "same");
        assert_eq!(change(0, 1), "+100.0 %");
    }
}
