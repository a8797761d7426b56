//! Tables in the style of `cargo xtask`.

use builds::budget::grouped;
use comfy_table::{CellAlignment, Table, presets};

/// The maximum number of characters of a name in a table: generic names may have several lines.
const LONGEST: usize = 110;

/// Returns a table with these headings. The columns in `numbers` hold numbers.
pub(crate) fn table(headings: &[&str], rows: Vec<Vec<String>>, numbers: std::ops::Range<usize>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(headings);
    table.add_rows(rows);
    for column in numbers {
        table
            .column_mut(column)
            .expect("a heading for each")
            .set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Returns a number of bytes with its sign, such as `+1,234`; empty for zero.
pub(crate) fn signed(bytes: isize) -> String {
    match bytes {
        0 => String::new(),
        more if more > 0 => format!("+{}", grouped(more.unsigned_abs())),
        less => format!("-{}", grouped(less.unsigned_abs())),
    }
}

/// Returns `part` of `whole` in percent.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}

/// Returns the name, shortened in its middle if it is long.
pub(crate) fn short(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= LONGEST {
        return name.to_owned();
    }
    let half = LONGEST / 2;
    let start = &characters[..half];
    let end = &characters[characters.len() - half..];
    start.iter().chain(&['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_differences_with_their_sign() {
        assert_eq!([1_234, -56, 0].map(signed), ["+1,234", "-56", ""]);
    }

    #[test]
    fn shortens_long_names_in_the_middle() {
        let name = format!("start{}end", "é".repeat(200));
        let shown = short(&name);
        assert!(shown.starts_with("start") && shown.ends_with("end") && shown.chars().count() <= LONGEST + 1);
        assert_eq!(short("short"), "short");
    }

    #[test]
    fn aligns_numbers_at_the_right() {
        let shown = table(&["what", "bytes"], vec![vec!["a".into(), "7".into()]], 1..2);
        assert!(shown.contains("     7 "), "{shown}");
    }
}
