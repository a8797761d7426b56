//! What the user reads.

use comfy_table::{CellAlignment, Table};

use super::{floors::Elsewhere, groups::Group, measured::Source};

/// A line a group.
pub(super) fn table(groups: &[Group]) -> Table {
    let mut table = Table::new();
    table.set_header(["group", "lines", "run", "percent", "floor"]);
    for group in groups {
        let (covered, lines) = (group.covered(), group.lines());
        let floor = if group.holds() { group.floor.to_string() } else { format!("BELOW {}", group.floor) };
        let (shown, percent) = (group.name.clone(), percent(covered, lines));
        table.add_row([shown, lines.to_string(), covered.to_string(), percent, floor]);
    }
    table.column_iter_mut().skip(1).for_each(|column| {
        column.set_cell_alignment(CellAlignment::Right);
    });
    table
}

/// The files that the table knows nothing of.
pub(super) fn elsewhere(files: &[Elsewhere]) -> String {
    let lines = files.iter().map(|file| format!("\n  {} (run by {})", file.path, file.run_by));
    format!("\nNot measured, for the native build leaves them out:{}", lines.collect::<String>())
}

/// The lines of a group that no test runs, a line a file.
pub(super) fn missed(group: &Group) -> String {
    let files = group.sources.iter().filter_map(|source| {
        let ranges = ranges(source);
        (!ranges.is_empty()).then(|| format!("  {}: {}\n", source.path, ranges.join(", ")))
    });
    format!("\n{}: no test runs\n{}", group.name, files.collect::<String>())
}

/// `7` or `7-9`; a range ends at a line that a test runs, not at one that cannot run.
fn ranges(source: &Source) -> Vec<String> {
    let stretches = source.lines.chunk_by(|(_, one), (_, other)| one == other);
    let missed = stretches.filter(|stretch| !stretch[0].1);
    missed
        .map(|stretch| match (stretch[0].0, stretch[stretch.len() - 1].0) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        })
        .collect()
}

/// With one decimal, rounded down: what is not enough does not look as if it were.
fn percent(covered: u64, lines: u64) -> String {
    let tenths = (covered * 1000).checked_div(lines).unwrap_or(1000);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use comfy_table::presets;

    use super::*;

    fn group() -> Group {
        let lines = vec![(3, true), (4, false), (8, false), (9, true), (12, false)];
        let sources = vec![Source { path: "src/a.rs".to_owned(), lines, code: true }];
        Group { name: "http".to_owned(), floor: 85, sources }
    }

    #[test]
    fn a_group_below_its_floor_stands_out() {
        let markdown = table(&[group()]).load_style(presets::ASCII_MARKDOWN).to_string();
        assert_eq!(markdown.lines().last().unwrap(), "| http  |     5 |   2 |    40.0 | BELOW 85 |");
    }

    #[test]
    fn missed_lines_are_ranges() {
        assert_eq!(missed(&group()), "\nhttp: no test runs\n  src/a.rs: 4-8, 12\n");
    }

    #[test]
    fn percents_are_rounded_down() {
        assert_eq!(percent(9999, 10_000), "99.9");
        assert_eq!(percent(0, 7), "0.0");
    }
}
