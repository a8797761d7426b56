//! `SHA256SUMS`, in the format that `sha256sum --check` reads.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use builds::{
    digest,
    files::{self, replace},
};

/// The name of the file in the directory of a release.
pub(crate) const FILE_NAME: &str = "SHA256SUMS";

/// Writes the checksums of every file in `directory`.
pub(crate) fn write(directory: &Path) -> Result<()> {
    replace(&directory.join(FILE_NAME), of(directory)?.as_bytes())
}

/// Returns the line for the file `name` with the SHA-256 `sum`.
pub(crate) fn line(sum: &str, name: &str) -> String {
    format!("{sum}  {name}\n")
}

/// Returns the checksum and the name in a line; `None` if it has none.
pub(crate) fn parse(line: &str) -> Option<(&str, &str)> {
    line.split_once("  ")
}

/// Fails if the `SHA256SUMS` file beside an archive has another checksum for it. The file need not list it.
pub(crate) fn agrees_with_sums(path: &Path, bytes: &[u8]) -> Result<()> {
    let sums = fs::read_to_string(path.with_file_name(FILE_NAME)).unwrap_or_default();
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let expected = sums.lines().filter_map(parse).find(|(_, of)| *of == name);
    if let Some((expected, _)) = expected {
        ensure!(
            expected == digest::sha256(bytes),
            "its checksum is not the one in the {} beside it",
            FILE_NAME
        );
    }
    Ok(())
}

/// Returns a line for each file in `directory`, sorted by name.
fn of(directory: &Path) -> Result<String> {
    let list = || format!("could not list `{}`", directory.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).with_context(list)? {
        let entry = entry.with_context(list)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // The temporary files of another run begin with a dot.
        if entry.file_type().with_context(list)?.is_file() && name != FILE_NAME && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    let mut sums = String::new();
    for name in names {
        let path = directory.join(&name);
        let bytes = files::read(&path)?;
        sums.push_str(&line(&digest::sha256(&bytes), &name));
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_lines_that_it_writes() {
        assert_eq!(
            parse(line("00ff", "a  file").trim_end()),
            Some(("00ff", "a  file"))
        );
        assert_eq!(parse("00ff"), None);
    }

    #[test]
    fn lists_every_file_except_itself() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b.tar.gz", "a.tar.gz", ".new-1"] {
            fs::write(directory.path().join(name), "abc").unwrap();
        }
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = format!("{sum}  a.tar.gz\n{sum}  b.tar.gz\n");
        for _ in 0..2 {
            write(directory.path()).unwrap();
            assert_eq!(
                fs::read_to_string(directory.path().join(FILE_NAME)).unwrap(),
                expected
            );
        }
    }
}
