//! `wasm-diet diff`.

use std::path::Path;

use anyhow::{Context as _, Result};
use wasm_diet::{
    Anatomy, Sizes,
    diff::{self, Change, ChangeKind, Difference},
    json,
};

use super::{
    Verdict,
    args::Diff,
    files, size,
    table::{change, grouped, short, signed, table},
};

/// Prints the differences of two files.
pub(super) fn run(args: &Diff) -> Result<Verdict> {
    files::check_inputs([args.before.as_path(), &args.after])?;
    let (mut before, mut after) = (anatomy(&args.before)?, anatomy(&args.after)?);
    if before.has_names() != after.has_names() {
        files::tell("warning: only one of the files has names of functions: the code is compared as a whole");
        (before, after) = (before.without_names(), after.without_names());
    }
    let difference = diff::anatomies(Some(&before), Some(&after));
    if args.json {
        files::print_json(&json::lines(&difference)?)?;
    } else {
        files::print(&render(&difference, args.number))?;
    }
    Ok(Verdict::Good)
}

fn anatomy(path: &Path) -> Result<Anatomy> {
    let binary = files::read(path)?;
    let (anatomy, _) =
        size::explain(&binary).with_context(|| format!("could not explain `{}`", path.display()))?;
    Ok(anatomy)
}

fn render(difference: &Difference, number: usize) -> String {
    let (before, after) = (
        difference.before.unwrap_or_default(),
        difference.after.unwrap_or_default(),
    );
    let whole = |label: &str, before, after| {
        let numbers = [grouped(before), grouped(after), change(before, after)];
        [vec![label.to_owned()], numbers.to_vec()].concat()
    };
    let rows = vec![
        whole("bytes", before.raw, after.raw),
        whole("bytes after gzip -9", before.gzip, after.gzip),
    ];
    let mut text = table(&["size", "before", "after", "change"], rows, 1..4);
    if difference.parts.is_empty() {
        return text;
    }
    let owners = difference.crates.iter().take(number);
    let owners = owners.map(|change| row(change, &change.id.owner));
    let parts = difference.parts.iter().take(number);
    let parts = parts.map(|change| row(change, &change.id.name));
    for (heading, rows) in [("owner", owners.collect()), ("part", Vec::from_iter(parts))] {
        let headings = [heading, "", "raw", "gzip", "before", "after"];
        text.push_str(&format!("\n{}", table(&headings, rows, 2..6)));
    }
    if difference.parts.len() > number {
        text.push_str(&format!(
            "\n{} more: see -n and --json",
            grouped(difference.parts.len() - number)
        ));
    }
    text
}

fn row<K>(change: &Change<K>, name: &str) -> Vec<String> {
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
    vec![
        short(name),
        fate.to_owned(),
        signed(change.raw()),
        signed(change.gzip()),
        size(change.before),
        size(change.after),
    ]
}
