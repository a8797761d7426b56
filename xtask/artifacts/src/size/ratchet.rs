//! The ratchet: compares the sizes with the budget and the baseline, and accepts new ones.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use builds::{
    budget::{self, Bounds, Budget, grouped},
    files::replace,
};
use devkit::{project::Project, revision, ui};
use serde::Serialize;
use toml_edit::{DocumentMut, Item, Value};
use wasm_diet::{Profile, Sizes, diff, json};

use super::history::{self, Entry};
use crate::{
    table::{signed, table},
    wasm,
};

/// Compares the artifacts with the accepted sizes and the budget, and prints the result.
///
/// # Errors
/// Fails if they cannot be built, or if one exceeds its budget; then the error names the functions that grew.
pub(super) fn check(project: &Project, json: bool) -> Result<()> {
    let budget = Budget::of(project)?;
    let profile = wasm::profile(project, project)?;
    let accepted = wasm::baseline(project)?;
    if json {
        ui::result(&json::lines(&diff::profiles(&accepted, &profile))?)?;
    } else {
        ui::result(&overview(&profile, &accepted, &budget))?;
    }
    let measured: Vec<_> = sizes(&profile)
        .into_iter()
        .map(|(name, size)| (name, wasm::measured(size)))
        .collect();
    budget
        .check(&measured, &flags::shipped())
        .map_err(|error| wasm::explain(project, &profile, &error))
}

/// Accepts the current sizes.
///
/// # Errors
/// Fails if the artifacts cannot be built; if one is above its limit, which no reason moves; or if a file cannot
/// be read or written.
pub(super) fn accept(project: &Project, why: &str) -> Result<()> {
    let profile = wasm::profile(project, project)?;
    let path_of_budget = project.root.join("size-budget.toml");
    let budget = Budget::of(project)?;
    let text = std::fs::read_to_string(&path_of_budget).context("could not read the size budget")?;
    let moved = moved(&text, &budget, &sizes(&profile), why)?;
    replace(&path_of_budget, moved.as_bytes())?;
    replace(
        &wasm::baseline_path(project),
        format!("{}\n", json::lines(&profile)?).as_bytes(),
    )?;
    history::append(project, &entries(project, &profile, why)?)?;
    for (name, size) in sizes(&profile) {
        ui::status(
            "Accepted",
            &format!(
                "{name}: {} bytes raw, {} gzip -9",
                grouped(size.raw),
                grouped(size.gzip)
            ),
        );
    }
    Ok(())
}

/// Returns the budget file with the ratchets at these sizes; everything else in it stays.
fn moved(text: &str, budget: &Budget, sizes: &[(&str, Sizes)], why: &str) -> Result<String> {
    let mut document: DocumentMut = text.parse().context("the size budget is not valid TOML")?;
    for &(name, size) in sizes {
        let row = budget
            .row(name)
            .with_context(|| format!("`{name}` has no row in the size budget"))?;
        for (form, bounds, bytes) in [("raw", &row.raw, size.raw), ("gzip", &row.gzip, size.gzip)] {
            let limit = bounds.limit();
            ensure!(
                bytes <= limit.bytes(),
                "`{name}` is {} bytes {form}, above its limit of {limit}, which is a promise",
                grouped(bytes)
            );
            let text = format!("{} B", grouped(bytes).replace(',', "_"));
            set(&mut document["artifact"][name][form]["ratchet"], text);
        }
        set(&mut document["artifact"][name]["why"], why.to_owned());
    }
    Ok(document.to_string())
}

/// Replaces the text of a value and keeps the space around it.
fn set(item: &mut Item, text: String) {
    let mut value = Value::from(text);
    if let Some(old) = item.as_value() {
        *value.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(value);
}

fn entries(project: &Project, profile: &Profile, why: &str) -> Result<Vec<Entry>> {
    let revision = revision::of(project)?.unwrap_or_else(|| "unknown".to_owned());
    let (commit, changes) = revision.split_once('-').unwrap_or((&revision, ""));
    let mut revision: String = commit.chars().take(12).collect();
    if !changes.is_empty() {
        revision.push('+');
    }
    let entry = |(name, size): (&str, Sizes)| Entry {
        date: history::today(),
        revision: revision.clone(),
        artifact: name.to_owned(),
        size,
        why: why.to_owned(),
    };
    Ok(sizes(profile).into_iter().map(entry).collect())
}

/// Returns the sizes of all artifacts.
fn sizes(profile: &Profile) -> Vec<(&str, Sizes)> {
    profile
        .artifacts
        .iter()
        .map(|(name, anatomy)| (name.as_str(), anatomy.size))
        .collect()
}

fn overview(profile: &Profile, accepted: &Profile, budget: &Budget) -> String {
    let mut rows = Vec::new();
    for (name, size) in sizes(profile) {
        let old = accepted.artifacts.get(name).map(|anatomy| anatomy.size);
        let row = budget.row(name);
        let forms = [
            (
                name,
                "raw",
                size.raw,
                old.map(|old| old.raw),
                row.map(|row| &row.raw),
            ),
            (
                "",
                "gzip -9",
                size.gzip,
                old.map(|old| old.gzip),
                row.map(|row| &row.gzip),
            ),
        ];
        for (name, form, bytes, old, bounds) in forms {
            let told = |tell: fn(&Bounds) -> budget::Size| {
                bounds.map(tell).map(|size| size.to_string()).unwrap_or_default()
            };
            rows.push(vec![
                name.to_owned(),
                form.to_owned(),
                grouped(bytes),
                old.map(|old| signed(diff::difference(old, bytes)))
                    .unwrap_or_default(),
                told(Bounds::tightest),
                told(Bounds::limit),
            ]);
        }
    }
    table(
        &["artifact", "form", "bytes", "since accepted", "may be", "limit"],
        rows,
        2..6,
    )
}

/// The bounds of an artifact, for the page.
#[derive(Debug, Serialize)]
pub(super) struct ArtifactBounds<'a> {
    raw: Marks,
    gzip: Marks,
    why: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Marks {
    /// Accepted bytes.
    ratchet: usize,
    /// Bytes that the next build may have.
    allowed: usize,
    /// Promised maximum of bytes.
    limit: usize,
}

/// Returns the bounds of every artifact in the budget.
pub(super) fn bounds_of_artifacts(budget: &Budget) -> BTreeMap<&str, ArtifactBounds<'_>> {
    let marks = |bounds: &Bounds| Marks {
        ratchet: bounds.ratchet().bytes(),
        allowed: bounds.tightest().bytes(),
        limit: bounds.limit().bytes(),
    };
    let rows = budget.rows();
    rows.map(|(name, row)| {
        (
            name,
            ArtifactBounds {
                raw: marks(&row.raw),
                gzip: marks(&row.gzip),
                why: row.why.as_deref(),
            },
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Sizes.\n[artifact.\"a.wasm\"] # the one\nraw = { limit = \"3 KB\", ratchet = \"2 KB\", growth = \"1 B\" }\n\
        # Compressed.\ngzip = { limit = \"1 KB\", ratchet = \"900 B\" }\n\n[artifact.b]\nraw = { limit = \"1 B\", ratchet = \"1 B\" }\n\
        gzip = { limit = \"1 B\", ratchet = \"1 B\" }\n";

    fn moved_to(raw: usize) -> Result<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("budget.toml");
        std::fs::write(&path, FILE).unwrap();
        moved(
            FILE,
            &Budget::load(&path).unwrap(),
            &[("a.wasm", Sizes { raw, gzip: 800 })],
            "why not",
        )
    }

    #[test]
    fn moves_ratchets_and_keeps_comments() {
        let expected = FILE
            .replace("ratchet = \"2 KB\"", "ratchet = \"2_345 B\"")
            .replace(
                "ratchet = \"900 B\" }\n",
                "ratchet = \"800 B\" }\nwhy = \"why not\"\n",
            );
        assert_eq!(moved_to(2_345).unwrap(), expected);
    }

    #[test]
    fn refuses_size_above_limit() {
        let error = moved_to(3_001).unwrap_err().to_string();
        assert_eq!(
            error,
            "`a.wasm` is 3,001 bytes raw, above its limit of 3 KB, which is a promise"
        );
    }
}
