//! The comparison in `docs/wasm-diet.md`, between two marks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use builds::{budget::grouped, files};

use super::{
    super::{metric::shown, record::Figures},
    GUESTS,
};

/// The marks around the comparison.
const BEGIN: &str = "<!-- The comparison: `cargo xtask bench diet --write` makes it. -->\n";
const END: &str = "<!-- The end of the comparison. -->\n";

/// Returns the path of the document.
pub(in super::super) fn place(directory: &Path) -> PathBuf {
    directory.join("wasm-diet.md")
}

/// Returns the document with the comparison from these figures.
///
/// # Errors
/// Fails if it cannot be read, or has no marks.
pub(in super::super) fn document(directory: &Path, figures: &Figures) -> Result<String> {
    let path = place(directory);
    let text = String::from_utf8(files::read(&path)?)
        .with_context(|| format!("`{}` is not text", path.display()))?;
    let marks = || format!("`{}` has no marks around the comparison", path.display());
    let (before, rest) = text.split_once(BEGIN).with_context(marks)?;
    let (_, after) = rest.split_once(END).with_context(marks)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", tables(figures)))
}

/// Returns a row for each component: its sizes, and the times.
pub(in super::super) fn summary(figures: &Figures) -> String {
    let heading = "| component | original | `wasm-diet shrink` | `jco opt` | `wasm-tools strip` | time | of `jco opt` |\n";
    let mut text = heading.to_owned() + "|---|--:|--:|--:|--:|--:|--:|\n";
    let metric = |name: &str, part: &str| figures.metric(&format!("{name}-{part}"));
    let bytes = |value: Option<f64>| value.map_or("fails".to_owned(), |value| grouped(value as usize) + " B");
    let seconds = |value: Option<f64>| value.map_or("fails".to_owned(), |value| shown(value) + " s");
    for name in GUESTS.iter().map(|guest| guest.name()) {
        let Some((size, time)) = metric(name, "raw").zip(metric(name, "seconds")) else {
            continue;
        };
        let own = |part: &str| bytes(metric(name, part).map(|metric| metric.value));
        text += &format!(
            "| {name} | {} | {} | {} | {} | {} | {} |\n",
            own("original"),
            own("raw"),
            bytes(size.without),
            own("stripped"),
            seconds(Some(time.value)),
            seconds(time.without),
        );
    }
    text
}

/// Returns the tables: sizes, then costs.
fn tables(figures: &Figures) -> String {
    let value = |name: &str, part: &str| figures.metric(&format!("{name}-{part}"));
    let bytes = |name: &str, part: &str| {
        value(name, part).map_or("?".to_owned(), |metric| grouped(metric.value as usize))
    };
    let jcos = |name: &str, part: &str| {
        let found = value(name, part).and_then(|metric| metric.without);
        found.map_or("fails".to_owned(), |value| grouped(value as usize))
    };
    let mut text =
        "| component | | original | `wasm-diet shrink` | `jco opt` | `wasm-tools strip` |\n".to_owned();
    text += "|---|---|--:|--:|--:|--:|\n";
    let measured = || {
        let names = GUESTS.iter().map(|guest| guest.name());
        names.filter(|name| value(name, "raw").is_some())
    };
    for name in measured() {
        for (size, first, parts) in [
            ("bytes", name, ["original", "raw", "stripped"]),
            ("`gzip -9`", "", ["original-gzip", "gzip", "stripped-gzip"]),
        ] {
            let [original, ours, stripped] = parts.map(|part| bytes(name, part));
            let other = jcos(name, parts[1]);
            text += &format!("| {first} | {size} | {original} | {ours} | {other} | {stripped} |\n");
        }
    }
    text += "\n| component | | `wasm-diet shrink` | `jco opt` | ratio |\n|---|---|--:|--:|--:|\n";
    for name in measured() {
        for (what, first, part) in [
            ("processor time", name, "processor"),
            ("time", "", "seconds"),
            ("memory", "", "memory"),
            ("runs equally", "", "runs"),
        ] {
            if part == "runs" {
                let broken = value(name, "jco-broken").is_some();
                let taken = value(name, "raw").is_some_and(|metric| metric.without.is_some());
                let other = match (taken, broken) {
                    (false, _) => "fails",
                    (true, true) => "no",
                    (true, false) => "yes",
                };
                text += &format!("| {first} | {what} | yes | {other} | |\n");
                continue;
            }
            let Some(metric) = value(name, part) else { continue };
            let with_unit = |value: f64| format!("{} {}", shown(value), metric.unit);
            text += &format!(
                "| {first} | {what} | {} | {} | {} |\n",
                with_unit(metric.value),
                metric.without.map_or("fails".to_owned(), with_unit),
                metric
                    .ratio()
                    .map_or(String::new(), |ratio| format!("{ratio:.2}"))
            );
        }
    }
    text += "\n| file | | `wasm-diet size` | `twiggy top` |\n|---|---|--:|--:|\n";
    for name in ["c", "python-component"] {
        for (what, part) in [
            ("processor time", "processor"),
            ("time", "seconds"),
            ("memory", "memory"),
        ] {
            let Some(metric) = value(name, &format!("explained-{part}")) else {
                continue;
            };
            let with_unit = |value: f64| format!("{} {}", shown(value), metric.unit);
            text += &format!(
                "| {name} | {what} | {} | {} |\n",
                with_unit(metric.value),
                metric.without.map_or("refuses it".to_owned(), with_unit)
            );
        }
    }
    let others: Vec<&str> = GUESTS
        .iter()
        .map(|guest| guest.name())
        .filter(|name| value(name, "raw").is_none())
        .collect();
    if !others.is_empty() {
        text += &format!("\nNot measured yet: {}.\n", others.join(", "));
    }
    text + &format!("\nMeasured on {}.\n", figures.machine.sentence())
}
