//! `SHA256SUMS`, in the form that `sha256sum --check` reads.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use devkit::{
    digest,
    files::{self, replace},
};

/// Its name, among the files that it lists.
pub(crate) const FILE_NAME: &str = "SHA256SUMS";

/// Writes the sums of every file in `folder`: whoever gets the folder can check all of it.
pub(crate) fn write(folder: &Path) -> Result<()> {
    replace(&folder.join(FILE_NAME), of(folder)?.as_bytes())
}

/// The line that says that `name` has the SHA-256 `sum`.
pub(crate) fn line(sum: &str, name: &str) -> String {
    format!("{sum}  {name}\n")
}

/// The sum and the name in a line, if it is one.
pub(crate) fn parse(line: &str) -> Option<(&str, &str)> {
    line.split_once("  ")
}

/// A line for each file in `folder`, sorted by name.
fn of(folder: &Path) -> Result<String> {
    let list = || format!("could not list `{}`", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(list)? {
        let entry = entry.with_context(list)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Files that another run is about to put in place begin with a dot.
        if entry.file_type().with_context(list)?.is_file() && name != FILE_NAME && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    let mut sums = String::new();
    for name in names {
        let path = folder.join(&name);
        let bytes = files::read(&path)?;
        sums.push_str(&line(&digest::sha256(&bytes), &name));
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        assert_eq!(parse(line("00ff", "a  file").trim_end()), Some(("00ff", "a  file")));
        assert_eq!(parse("00ff"), None);
    }

    #[test]
    fn every_file_but_itself_has_a_line() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.tar.gz", "a.tar.gz", ".new-1"] {
            fs::write(folder.path().join(name), "abc").unwrap();
        }
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = format!("{sum}  a.tar.gz\n{sum}  b.tar.gz\n");
        for _ in 0..2 {
            write(folder.path()).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join(FILE_NAME)).unwrap(), expected);
        }
    }
}
