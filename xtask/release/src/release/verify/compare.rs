//! Compares a release with the one that was made again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use builds::files::{self, read};
use image::layout::MARK;

use super::{difference, layout};

/// The result of comparing one file or one layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Name of the file or layout.
    pub(super) name: String,
    /// The differences, a phrase each; empty if the bytes are equal.
    pub(super) differences: Vec<String>,
}

/// Compares `name` in the directory `made` with the one in `again`: a file or a layout.
///
/// # Errors
/// Fails if one of them cannot be read.
pub(super) fn compare(made: &Path, again: &Path, name: &str) -> Result<Finding> {
    let (made, again) = (made.join(name), again.join(name));
    let differences = match [made.exists(), again.exists()] {
        [true, true] if made.join(MARK).is_file() => layout::compare(&made, &again)?,
        [true, true] => difference::differences(&read(&made)?, &read(&again)?),
        [true, false] => vec!["it is missing from the second build".to_owned()],
        [false, true] => vec!["it is only in the second build".to_owned()],
        [false, false] => vec!["it is in neither build".to_owned()],
    };
    Ok(Finding {
        name: name.to_owned(),
        differences,
    })
}

/// Compares all files of two directories.
///
/// # Errors
/// Fails if one of them cannot be read.
pub(super) fn directories(made: &Path, again: &Path) -> Result<Vec<Finding>> {
    let mut names = BTreeSet::new();
    for directory in [made, again] {
        let inner = |path: PathBuf| Some(path.strip_prefix(directory).ok()?.display().to_string());
        names.extend(files::below(directory)?.into_iter().filter_map(inner));
    }
    names.iter().map(|name| compare(made, again, name)).collect()
}

/// Returns the findings as text: a line for each file, its differences below it, and the number of equal and
/// different files.
pub(super) fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { name, differences } in findings {
        let word = if differences.is_empty() { "same" } else { "DIFFERS" };
        text.push_str(&format!("{word:8} {name}\n"));
        differences
            .iter()
            .for_each(|place| text.push_str(&format!("         {place}\n")));
    }
    let different = different(findings).len();
    text + &format!("{} same, {different} different", findings.len() - different)
}

/// Fails if a file differs.
///
/// # Errors
/// Names every file that differs.
pub(super) fn judge(findings: &[Finding]) -> Result<()> {
    let different = different(findings);
    ensure!(
        different.is_empty(),
        "these files differ when they are made again: `{}`",
        different.join("`, `")
    );
    Ok(())
}

fn different(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .filter(|it| !it.differences.is_empty())
        .map(|it| it.name.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn compares_all_files_of_both_directories() {
        let [made, again] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for (directory, name, text) in [
            (&made, "same", "1"),
            (&again, "same", "1"),
            (&made, "other", "1"),
            (&again, "other", "2"),
            (&made, "gone", ""),
            (&again, "new", ""),
        ] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let findings = directories(made.path(), again.path()).unwrap();
        let found: Vec<(&str, usize)> = findings
            .iter()
            .map(|it| (it.name.as_str(), it.differences.len()))
            .collect();
        assert_eq!(found, [("gone", 1), ("new", 1), ("other", 1), ("same", 0)]);
        let error = judge(&findings).unwrap_err().to_string();
        assert_eq!(
            error,
            "these files differ when they are made again: `gone`, `new`, `other`"
        );
        judge(&findings[3..]).unwrap();
        let expected = "\
DIFFERS  other
         line 1 is `1`, but `2` in the second build
same     same
1 same, 1 different";
        assert_eq!(render(&findings[2..]), expected);
    }

    #[test]
    fn reports_file_that_neither_has() {
        let directory = tempfile::tempdir().unwrap();
        let finding = compare(directory.path(), directory.path(), "clawft.wasm").unwrap();
        assert_eq!(finding.differences, ["it is in neither build"]);
    }
}
