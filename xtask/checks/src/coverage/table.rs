//! The output.

use comfy_table::{CellAlignment, Table};

use super::{floors::UnmeasuredFile, groups::Group, measured::Source};

/// Returns the table with a line for each group.
pub(super) fn table(groups: &[Group]) -> Table {
    let mut table = Table::new();
    table.set_header(["group", "lines", "run", "percent", "floor"]);
    for group in groups {
        let covered = group.covered();
        let lines = group.lines();
        let floor = if group.holds() {
            group.floor.to_string()
        } else {
            format!("BELOW {}", group.floor)
        };
        let shown = group.name.clone();
        let percent = percent(covered, lines);
        table.add_row([shown, lines.to_string(), covered.to_string(), percent, floor]);
    }
    table.column_iter_mut().skip(1).for_each(|column| {
        column.set_cell_alignment(CellAlignment::Right);
    });
    table
}

/// Returns the list of files that are not in the table.
pub(super) fn unmeasured(files: &[UnmeasuredFile]) -> String {
    let lines = files
        .iter()
        .map(|file| format!("\n  {} (run by {})", file.path, file.run_by));
    format!(
        "\nNot measured, because the native build leaves them out:{}",
        lines.collect::<String>()
    )
}

/// Returns the lines of a group that no test runs, a line for each file.
pub(super) fn missed(group: &Group) -> String {
    let files = group.sources.iter().filter_map(|source| {
        let ranges = ranges(source);
        (!ranges.is_empty()).then(|| format!("  {}: {}\n", source.path, ranges.join(", ")))
    });
    format!(
        "\n{}: lines that no test runs\n{}",
        group.name,
        files.collect::<String>()
    )
}

/// Returns ranges such as `7` or `7-9`; a range ends at a line that a test runs, but not at one that cannot run.
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

/// Returns the percentage with one decimal, rounded down, so that it never looks sufficient when it is not.
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
        let sources = vec![Source {
            path: "src/a.rs".to_owned(),
            lines,
            code: true,
        }];
        Group {
            name: "http".to_owned(),
            floor: 85,
            sources,
        }
    }

    #[test]
    fn marks_group_below_its_floor() {
        let markdown = table(&[group()]).load_style(presets::ASCII_MARKDOWN).to_string();
        assert_eq!(
            markdown.lines().last().unwrap(),
            "| http  |     5 |   2 |    40.0 | BELOW 85 |"
        );
    }

    #[test]
    fn shows_missed_lines_as_ranges() {
        assert_eq!(
            missed(&group()),
            "\nhttp: lines that no test runs\n  src/a.rs: 4-8, 12\n"
        );
    }

    #[test]
    fn rounds_percents_of_lines_down() {
        assert_eq!(percent(9999, 10_000), "99.9");
        assert_eq!(percent(0, 7), "0.0");
    }
}
