//! The targets of the shipped artifacts: rustc's own, with functions that return two values in two results.
//!
//! By default a function with two results gets the address of memory for them, and its caller reads that. LLVM has
//! another convention, experimental so far, and only a specification of a target can choose it. Its results are taken
//! out again by [`results`](super::results), so that no runtime and no library sees them.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use builds::{files, rustc};
use devkit::project::Project;
use serde_json::{Map, Value};

/// LLVM's name of the convention.
const CONVENTION: &str = "experimental-mv";

/// Returns the path of the specification of `target`, one of rustc's own targets. The file has the target's name,
/// because rustc finds the target's libraries by it.
///
/// # Errors
/// Fails if rustc does not know the target, or the file cannot be written.
pub(super) fn with_pairs(project: &Project, target: &str) -> Result<PathBuf> {
    let printed = rustc::specification(&project.shell()?, target)?;
    let changed =
        changed(&printed).with_context(|| format!("rustc's target `{target}` cannot be changed"))?;
    let path = project
        .target
        .join("xtask")
        .join("targets")
        .join(format!("{target}.json"));
    let directory = path.parent().context("the path has no directory")?;
    fs::create_dir_all(directory)
        .with_context(|| format!("could not make the directory `{}`", directory.display()))?;
    // Its time is kept, because cargo compiles everything again for a newer file.
    if !fs::read(&path).is_ok_and(|written| written == changed.as_bytes()) {
        files::replace(&path, changed.as_bytes())?;
    }
    Ok(path)
}

fn changed(specification: &str) -> Result<String> {
    let mut keys: Map<String, Value> = serde_json::from_str(specification)?;
    keys.insert("llvm-abiname".to_owned(), CONVENTION.into());
    Ok(serde_json::to_string(&keys)?)
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn changes_convention_of_calls_only() {
        let changed = changed(r#"{"arch":"wasm32","features":"+a"}"#).unwrap();
        assert_eq!(
            changed,
            r#"{"arch":"wasm32","features":"+a","llvm-abiname":"experimental-mv"}"#
        );
        assert!(super::changed("wasm32").is_err());
    }
}
