//! What was made, held against what was made again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use devkit::files::{self, read};
use image::layout::MARK;

use super::{difference, layout};

/// What came of comparing one file, or one layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Its name.
    pub(super) name: String,
    /// Where the two differ, a phrase each; nowhere where they are the same bytes.
    pub(super) differences: Vec<String>,
}

/// Compares `name` in the folder `made` with the same in `again`: a file, or a layout.
///
/// # Errors
/// One of them can't be read.
pub(super) fn compare(made: &Path, again: &Path, name: &str) -> Result<Finding> {
    let (made, again) = (made.join(name), again.join(name));
    let differences = match [made.exists(), again.exists()] {
        [true, true] if made.join(MARK).is_file() => layout::compare(&made, &again)?,
        [true, true] => difference::differences(&read(&made)?, &read(&again)?),
        [true, false] => vec!["it was not made again".to_owned()],
        [false, true] => vec!["it was made again only".to_owned()],
        [false, false] => vec!["it is not there".to_owned()],
    };
    Ok(Finding { name: name.to_owned(), differences })
}

/// Compares every file that is in one of two folders.
///
/// # Errors
/// One of them can't be read.
pub(super) fn folders(made: &Path, again: &Path) -> Result<Vec<Finding>> {
    let mut names = BTreeSet::new();
    for folder in [made, again] {
        let inner = |path: PathBuf| Some(path.strip_prefix(folder).ok()?.display().to_string());
        names.extend(files::below(folder)?.into_iter().filter_map(inner));
    }
    names.iter().map(|name| compare(made, again, name)).collect()
}

/// What the findings say: a line for each file, the places below it where it differs, and how many there are of both.
pub(super) fn words(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { name, differences } in findings {
        let word = if differences.is_empty() { "same" } else { "DIFFERS" };
        text.push_str(&format!("{word:8} {name}\n"));
        differences.iter().for_each(|place| text.push_str(&format!("         {place}\n")));
    }
    let different = different(findings).len();
    text + &format!("{} same, {different} different", findings.len() - different)
}

/// Judges the findings.
///
/// # Errors
/// A file differs.
pub(super) fn judge(findings: &[Finding]) -> Result<()> {
    let different = different(findings);
    ensure!(different.is_empty(), "made again, this comes out differently: `{}`", different.join("`, `"));
    Ok(())
}

fn different(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter(|it| !it.differences.is_empty()).map(|it| it.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_of_either_folder_is_compared() {
        let [made, again] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for (folder, name, text) in [
            (&made, "same", "1"),
            (&again, "same", "1"),
            (&made, "other", "1"),
            (&again, "other", "2"),
            (&made, "gone", ""),
            (&again, "new", ""),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let findings = folders(made.path(), again.path()).unwrap();
        let found: Vec<(&str, usize)> =
            findings.iter().map(|it| (it.name.as_str(), it.differences.len())).collect();
        assert_eq!(found, [("gone", 1), ("new", 1), ("other", 1), ("same", 0)]);
        let error = judge(&findings).unwrap_err().to_string();
        assert_eq!(error, "made again, this comes out differently: `gone`, `new`, `other`");
        judge(&findings[3..]).unwrap();
        let expected = "\
DIFFERS  other
         line 1 is `1`, and made again `2`
same     same
1 same, 1 different";
        assert_eq!(words(&findings[2..]), expected);
    }

    #[test]
    fn what_neither_has_is_no_success() {
        let folder = tempfile::tempdir().unwrap();
        let finding = compare(folder.path(), folder.path(), "clawft.wasm").unwrap();
        assert_eq!(finding.differences, ["it is not there"]);
    }
}
