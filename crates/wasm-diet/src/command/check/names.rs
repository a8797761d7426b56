//! The names of rows of files.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};
use size_budget::Budget;

/// Returns the name of the row of each file: the longest end of its path that has a row. A file without a row gets its
/// own name, or its path, if another of the files has that name.
pub(super) fn of(files: &[PathBuf], budget: &Budget) -> Result<Vec<String>> {
    let ends: Vec<Vec<String>> = files.iter().map(|path| ends(path)).collect();
    let mut names = Vec::with_capacity(files.len());
    for (path, ends_of_file) in files.iter().zip(&ends) {
        let with_row = ends_of_file.iter().find(|end| budget.row(end).is_some());
        let same_end = ends.iter().filter(|other| other.last() == ends_of_file.last());
        let is_shared = same_end.count() > 1;
        let without_row = || {
            if is_shared {
                ends_of_file.first()
            } else {
                ends_of_file.last()
            }
        };
        let name = with_row.or_else(without_row);
        names.push(
            name.with_context(|| format!("`{}` has no file name", path.display()))?
                .clone(),
        );
    }
    Ok(names)
}

/// Returns the ends of a path, the longest first, with `/` between directories. Those of `..` are none.
fn ends(path: &Path) -> Vec<String> {
    let mut ends: Vec<String> = Vec::new();
    for component in path.components().rev() {
        let Component::Normal(name) = component else { break };
        let name = name.to_string_lossy();
        let end = ends
            .last()
            .map_or_else(|| name.to_string(), |end| format!("{name}/{end}"));
        ends.push(end);
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[&str], rows: &[&str]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("budget.toml");
        let row = |name: &&str| {
            let bounds = "{ limit = \"1 B\", ratchet = \"1 B\" }";
            format!("[artifact.\"{name}\"]\nraw = {bounds}\ngzip = {bounds}\n")
        };
        std::fs::write(&path, rows.iter().map(row).collect::<String>()).unwrap();
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        of(&files, &Budget::load(&path).unwrap()).unwrap()
    }

    #[test]
    fn longest_end_of_a_path_counts() {
        let files = [
            "dist/web/app.wasm",
            "/x/app.wasm",
            "./app.wasm",
            "../web/app.wasm",
        ];
        let rows = ["app.wasm", "web/app.wasm"];
        assert_eq!(
            names(&files, &rows),
            ["web/app.wasm", "app.wasm", "app.wasm", "web/app.wasm"]
        );
    }

    #[test]
    fn files_of_equal_name_get_their_paths() {
        assert_eq!(
            names(&["a/app.wasm", "b/app.wasm"], &[]),
            ["a/app.wasm", "b/app.wasm"]
        );
        assert_eq!(
            names(&["a/app.wasm", "b/c.wasm", "-"], &[]),
            ["app.wasm", "c.wasm", "-"]
        );
        assert_eq!(
            names(&["a/app.wasm", "b/app.wasm"], &["a/app.wasm"]),
            ["a/app.wasm", "b/app.wasm"]
        );
    }
}
