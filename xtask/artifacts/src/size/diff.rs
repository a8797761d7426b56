//! `size diff`: tables for people, and the whole difference as JSON.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use builds::budget::grouped;
use devkit::{project::Project, ui};
use serde::Serialize;
use wasm_diet::{
    Profile, Sizes,
    diff::{self, Change, ChangeKind, Difference},
    json,
};

use super::{base::Base, markdown};
use crate::{
    table::{short, signed, table},
    wasm,
};

/// Builds the artifacts and prints the differences from `base`; also writes them to the file `page`, if one is
/// named.
///
/// # Errors
/// Fails if the artifacts cannot be built, the base cannot be loaded, or the file cannot be written.
pub(super) fn run(
    project: &Project,
    base: &str,
    number: usize,
    page: Option<&Path>,
    json: bool,
) -> Result<()> {
    let base = Base::find(project, base)?;
    let (before, after) = both(project, &base)?;
    let differences = diff::profiles(&before, &after);
    if let Some(page) = page {
        markdown::append(page, &markdown::page(&base.name(), &differences, number))?;
    }
    if json {
        #[derive(Serialize)]
        struct Output<'a> {
            base: String,
            artifacts: BTreeMap<&'a str, Difference>,
        }
        return ui::result(&json::lines(&Output {
            base: base.name(),
            artifacts: differences,
        })?);
    }
    differences
        .iter()
        .try_for_each(|(name, difference)| ui::result(&render(name, difference, number)))
}

/// Returns the profiles of the base and of the current artifacts, without artifacts that the base does not have.
pub(super) fn both(project: &Project, base: &Base) -> Result<(Profile, Profile)> {
    let before = base.load(project)?;
    let mut after = wasm::profile(project, project)?;
    if matches!(base, Base::Binary(_) | Base::Commit(_)) {
        after
            .artifacts
            .retain(|name, _| before.artifacts.contains_key(name));
        if before.artifacts.values().any(|anatomy| !anatomy.has_names()) {
            ui::warn("the base has no names of functions, so its code is compared as a whole");
            after
                .artifacts
                .values_mut()
                .for_each(|anatomy| *anatomy = anatomy.without_names());
        }
    }
    Ok((before, after))
}

fn render(name: &str, difference: &Difference, number: usize) -> String {
    let (before, after) = (
        difference.before.unwrap_or_default(),
        difference.after.unwrap_or_default(),
    );
    let summary = format!(
        "{name}: {} → {} bytes raw ({}), {} → {} gzip -9 ({})",
        grouped(before.raw),
        grouped(after.raw),
        change(before.raw, after.raw),
        grouped(before.gzip),
        grouped(after.gzip),
        change(before.gzip, after.gzip),
    );
    if difference.parts.is_empty() {
        return summary;
    }
    let crates = difference
        .crates
        .iter()
        .map(|change| row(change, change.id.owner.clone(), None));
    let parts = difference.parts.iter().take(number);
    let parts = parts.map(|change| row(change, short(&change.id.name), Some(&change.id.owner)));
    let crates = table(&["crate", "", "raw", "gzip", "was", "is"], crates.collect(), 2..6);
    let mut text = format!(
        "{summary}\n{crates}\n{}",
        table(
            &["function", "crate", "", "raw", "gzip", "was", "is"],
            parts.collect(),
            3..7
        )
    );
    if difference.parts.len() > number {
        text.push_str(&format!(
            "\n{} more: see -n and --json",
            difference.parts.len() - number
        ));
    }
    text
}

fn row<K>(change: &Change<K>, name: String, owner: Option<&str>) -> Vec<String> {
    let fate = match change.change {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Grown => "grown",
        ChangeKind::Shrunk => "shrunk",
    };
    let size = |size: Sizes| {
        if size == Sizes::default() {
            String::new()
        } else {
            grouped(size.raw)
        }
    };
    let mut row = vec![name];
    row.extend(owner.map(str::to_owned));
    row.extend([
        fate.to_owned(),
        signed(change.raw()),
        signed(change.gzip()),
        size(change.before),
        size(change.after),
    ]);
    row
}

/// Returns the difference as text.
pub(super) fn change(before: usize, after: usize) -> String {
    match diff::difference(before, after) {
        0 => "no change".to_owned(),
        bytes => signed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::fixture::anatomy;

    #[test]
    fn lists_largest_changes_and_counts_the_rest() {
        let before = anatomy(&[("a", 100), ("b", 50), ("same", 7)]);
        let after = anatomy(&[("a", 1_300), ("c", 20), ("same", 7)]);
        let text = render("a.wasm", &diff::anatomies(Some(&before), Some(&after)), 2);
        assert!(
            text.starts_with("a.wasm: 157 → 1,327 bytes raw (+1,170), 78 → 663 gzip -9 (+585)"),
            "{text}"
        );
        assert!(
            text.contains("grown") && text.contains("removed") && !text.contains("added"),
            "{text}"
        );
        assert!(text.ends_with("\n1 more: see -n and --json"), "{text}");
        assert!(!text.contains("same"), "{text}");
    }

    #[test]
    fn prints_one_line_without_changes() {
        let one = anatomy(&[("a", 100)]);
        let text = render("a.wasm", &diff::anatomies(Some(&one), Some(&one)), 9);
        assert_eq!(
            text,
            "a.wasm: 100 → 100 bytes raw (no change), 50 → 50 gzip -9 (no change)"
        );
    }
}
