//! Tables and numbers for people.

use comfy_table::{CellAlignment, Table, presets};

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

/// Returns a number with a comma between groups of three digits.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns `after` as a change from `before` in percent, such as `-12.5 %`.
pub(super) fn change(before: usize, after: usize) -> String {
    if before == after {
        return "same".to_owned();
    }
    let (before, after) = (before as f64, after as f64);
    format!("{:+.1} %", (after - before) * 100.0 / before.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits_by_three() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn writes_changes_with_their_sign() {
        assert_eq!(change(200, 150), "-25.0 %");
        assert_eq!(change(200, 200), "same");
        assert_eq!(change(0, 1), "+100.0 %");
    }
}
