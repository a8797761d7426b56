//! `size diff` as Markdown: short enough for a comment, with folded tables.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write as _, path::Path};

use anyhow::{Context as _, Result};
use builds::budget::grouped;
use wasm_diet::{
    Sizes,
    diff::{Change, Difference},
};

use super::diff::change;
use crate::table::{short, signed};

/// Appends `text` to the file at `path`, which is created if necessary. Existing content stays, because the
/// summary of a workflow's job is one file for all of its steps.
///
/// # Errors
/// Fails if the file cannot be written.
pub(super) fn append(path: &Path, text: &str) -> Result<()> {
    let context = || format!("could not write to `{}`", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)
}

/// Returns the differences from `base`: a line for each artifact, then the largest changes by crate and by
/// function, `number` lines each.
pub(super) fn page(base: &str, differences: &BTreeMap<&str, Difference>, number: usize) -> String {
    let mut text = format!("### Size, against {base}\n\n");
    let sizes = differences.iter().map(|(name, difference)| {
        let (before, after) = (
            difference.before.unwrap_or_default(),
            difference.after.unwrap_or_default(),
        );
        let Sizes { raw, gzip } = after;
        vec![
            code(name),
            grouped(raw),
            change(before.raw, raw),
            grouped(gzip),
            change(before.gzip, gzip),
        ]
    });
    text.push_str(&table(&["artifact", "raw", "", "`gzip -9`", ""], 1, sizes));
    for (name, difference) in differences {
        if !difference.parts.is_empty() {
            text.push_str(&details(name, difference, number));
        }
    }
    text
}

/// Returns the folded tables of the changes in an artifact.
fn details(name: &str, difference: &Difference, number: usize) -> String {
    let crates = difference
        .crates
        .iter()
        .take(number)
        .map(|change| row(code(&change.id.owner), change));
    let parts = difference.parts.iter().take(number);
    let parts = parts.map(|change| row(code(&short(&change.id.name)), change));
    let mut text = format!("\n<details><summary>Changes in {name}</summary>\n\n");
    text.push_str(&table(&["crate", "raw", "gzip", "was", "is"], 1, crates));
    text.push('\n');
    text.push_str(&table(&["function", "raw", "gzip", "was", "is"], 1, parts));
    let left_out = difference.parts.len().saturating_sub(number);
    if left_out > 0 {
        text.push_str(&format!("\n{} more\n", grouped(left_out)));
    }
    text.push_str("\n</details>\n");
    text
}

fn row<K>(name: String, change: &Change<K>) -> Vec<String> {
    let size = |size: Sizes| {
        if size == Sizes::default() {
            String::new()
        } else {
            grouped(size.raw)
        }
    };
    vec![
        name,
        signed(change.raw()),
        signed(change.gzip()),
        size(change.before),
        size(change.after),
    ]
}

/// Returns a table with these headings. The columns from `numbers` on hold numbers.
fn table(headings: &[&str], numbers: usize, rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let headed: Vec<String> = headings.iter().map(ToString::to_string).collect();
    let ruled: Vec<String> = (0..headings.len())
        .map(|column| if column < numbers { "---" } else { "---:" }.to_owned())
        .collect();
    let mut text = line(&headed) + &line(&ruled);
    rows.for_each(|row| text.push_str(&line(&row)));
    text
}

/// Returns `name` as code in a table cell. A bar would end the cell; names of functions have no backticks.
fn code(name: &str) -> String {
    format!("`{}`", name.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use wasm_diet::diff;

    use super::*;
    use crate::size::fixture::anatomy;

    #[test]
    fn shows_sizes_first_and_folds_changes() {
        let before = anatomy(&[("<a as b|c>::d", 100), ("gone", 50)]);
        let after = anatomy(&[("<a as b|c>::d", 1_300), ("new", 20)]);
        let difference = diff::anatomies(Some(&before), Some(&after));
        let expected = "\
### Size, against 0123456789ab

| artifact | raw |  | `gzip -9` |  |
| --- | ---: | ---: | ---: | ---: |
| `a.wasm` | 1,320 | +1,170 | 660 | +585 |

<details><summary>Changes in a.wasm</summary>

| crate | raw | gzip | was | is |
| --- | ---: | ---: | ---: | ---: |
| `core` | +1,170 | +585 | 150 | 1,320 |

| function | raw | gzip | was | is |
| --- | ---: | ---: | ---: | ---: |
| `<a as b\\|c>::d` | +1,200 | +600 | 100 | 1,300 |
| `gone` | -50 | -25 | 50 |  |

1 more

</details>
";
        assert_eq!(
            page("0123456789ab", &BTreeMap::from([("a.wasm", difference)]), 2),
            expected
        );
    }

    #[test]
    fn folds_no_table_without_changes() {
        let one = anatomy(&[("a", 100)]);
        let text = page(
            "x",
            &BTreeMap::from([("a.wasm", diff::anatomies(Some(&one), Some(&one)))]),
            9,
        );
        assert!(
            text.ends_with("| `a.wasm` | 100 | no change | 50 | no change |\n"),
            "{text}"
        );
    }

    #[test]
    fn largest_difference_fits_into_a_comment() {
        let names: Vec<String> = (0..5_000).map(|n| format!("{n:05}{}", "é".repeat(200))).collect();
        let after: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 9_999_999)).collect();
        let difference = || diff::anatomies(None, Some(&anatomy(&after)));
        let both = BTreeMap::from([
            ("clawft.wasm", difference()),
            ("clawft-wasip1.wasm", difference()),
        ]);
        // GitHub's limit for a comment in characters; by default thirty functions are listed.
        assert!(page("0123456789ab", &both, 30).chars().count() < 65_536);
    }

    #[test]
    fn append_keeps_existing_content() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("summary.md");
        for text in ["one\n", "two\n"] {
            append(&path, text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}
