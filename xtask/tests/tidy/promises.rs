//! The lints that every product crate denies. A table of lints for the workspace cannot hold them: it would apply to
//! the build tool and to tests too, and a package cannot add to a table that it inherits.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The attribute, in default formatting.
const ATTRIBUTE: &str = "\
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]
";

/// Returns the root files of all crates in the packages below `directory`.
pub(crate) fn roots(directory: &Path) -> Vec<PathBuf> {
    let packages = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = packages.flat_map(|package| ["src/lib.rs", "src/main.rs"].map(|file| package.join(file)));
    let mut roots: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
    roots.sort();
    roots
}

/// Returns the fault of a root file without the attribute, or with one that weakens it.
pub(crate) fn fault(path: &Path) -> Option<String> {
    let fault = fault_of(&fs::read_to_string(path).unwrap())?;
    Some(format!("{}: {fault}", path.display()))
}

fn fault_of(text: &str) -> Option<String> {
    if !text.contains(ATTRIBUTE) {
        return Some(format!("the root has to have\n{ATTRIBUTE}"));
    }
    let lints = ["cast_", "expect_used", "indexing_slicing", "panic", "unwrap_used"];
    let allowed = |lint: &&str| text.contains(&format!("#![allow(clippy::{lint}"));
    let lint = lints.into_iter().find(allowed)?;
    Some(format!("the root allows `{lint}` again"))
}

#[test]
fn finds_missing_and_weakened_lints() {
    assert_eq!(fault_of(ATTRIBUTE), None);
    let without_one = ATTRIBUTE.replace("        clippy::panic,\n", "");
    assert!(fault_of(&without_one).unwrap().contains("has to have"));
    let weakened = format!("{ATTRIBUTE}#![allow(clippy::panic)]\n");
    assert_eq!(fault_of(&weakened).unwrap(), "the root allows `panic` again");
}
