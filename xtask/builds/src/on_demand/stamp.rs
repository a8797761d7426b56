//! The inputs of a program that was built on demand. As long as they are unchanged, cargo is not called: a
//! cargo with another home would compile everything again, because it identifies the sources of crates by
//! their paths.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::{digest, files, lock::Lock};

/// The digests of all inputs of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Digest of its own sources.
    pub(super) sources: String,
    /// Digest of its dependencies, the profiles and the toolchain.
    rest: String,
}

/// The state of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Built {
    /// Not built, or built with other dependencies or another toolchain: cargo can decide.
    Absent,
    /// Built from other sources of its own, about which cargo may decide wrongly.
    FromOthers,
    /// Not the program that was built at this path.
    Damaged(PathBuf),
    /// The program that was built from the same inputs.
    Whole(PathBuf),
}

impl Stamp {
    /// Returns the stamp of `package` in `workspace`; its own `sources` are files and directories of the project at
    /// `root`.
    pub(super) fn of(root: &Path, workspace: &Path, package: &str, sources: &[&str]) -> Result<Self> {
        let manifest: toml::Table = toml::from_str(&files::read_text(&workspace.join("Cargo.toml"))?)
            .context("could not understand Cargo.toml")?;
        let profiles = manifest
            .get("profile")
            .map(ToString::to_string)
            .unwrap_or_default();
        let mut hash = Sha256::new();
        let toolchain = files::read_text(&root.join("rust-toolchain.toml"))?;
        for part in Lock::of(workspace)?
            .closure(package)
            .into_iter()
            .chain([profiles, toolchain])
        {
            hash.update(Sha256::digest(part));
        }
        Ok(Self {
            sources: sources_digest(root, sources)?,
            rest: digest::hex(hash),
        })
    }

    /// Returns the state of the program, according to the stamp file at `path`.
    pub(super) fn find(&self, path: &Path) -> Built {
        let Ok(text) = fs::read_to_string(path) else {
            return Built::Absent;
        };
        let mut lines = text.lines();
        if lines.next() != Some(&self.sources) {
            return Built::FromOthers;
        }
        let same = lines.next() == Some(&self.rest);
        let Some(program) = lines
            .next()
            .filter(|_| same)
            .map(PathBuf::from)
            .filter(|it| it.is_file())
        else {
            return Built::Absent;
        };
        // Stamps from before there were checksums have none.
        let expected = lines.next().unwrap_or_default();
        match digest::is_intact(&program, expected, || digest::of_file(&program)) {
            true => Built::Whole(program),
            false => Built::Damaged(program),
        }
    }

    /// Writes a stamp for `program`.
    pub(super) fn write(&self, path: &Path, program: &Path) -> Result<()> {
        let sum =
            digest::of_file(program).with_context(|| format!("could not read `{}`", program.display()))?;
        let text = format!("{}\n{}\n{}\n{sum}\n", self.sources, self.rest, program.display());
        files::replace(path, text.as_bytes())
    }
}

/// Returns the path of the program of the stamp file at `path` if it is damaged.
pub(super) fn find_damaged(path: &Path) -> Result<Option<PathBuf>> {
    let text = files::read_text(path)?;
    let mut lines = text.lines().skip(2);
    let Some(program) = lines.next().map(PathBuf::from).filter(|it| it.is_file()) else {
        return Ok(None);
    };
    let expected = lines.next().unwrap_or_default();
    let is_intact = digest::is_intact(&program, expected, || digest::of_file(&program));
    Ok((!is_intact).then_some(program))
}

/// Removes the program of the stamp file at `path` if it is damaged, and returns its path.
pub(super) fn forget_if_damaged(path: &Path) -> Result<Option<PathBuf>> {
    let Some(program) = find_damaged(path)? else {
        return Ok(None);
    };
    // A stamp of other sources: cargo must not take its own copy of the program for a good one.
    files::replace(path, b"")?;
    fs::remove_file(&program).with_context(|| format!("could not remove `{}`", program.display()))?;
    Ok(Some(program))
}

/// Returns the SHA-256 digest of everything in `sources`, names included.
fn sources_digest(root: &Path, sources: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for source in sources {
        files.extend(files::below(&root.join(source))?);
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let bytes = files::read(&file)?;
        hash.update(file.strip_prefix(root)?.as_os_str().as_encoded_bytes());
        hash.update(Sha256::digest(bytes));
    }
    Ok(digest::hex(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_changes_with_names_and_contents() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("package/src");
        let sources = ["package"];
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("main.rs"), "one").unwrap();
        let one = sources_digest(root.path(), &sources).unwrap();
        assert_eq!(sources_digest(root.path(), &sources).unwrap(), one);
        fs::write(directory.join("main.rs"), "two").unwrap();
        assert_ne!(sources_digest(root.path(), &sources).unwrap(), one);
        fs::write(directory.join("main.rs"), "one").unwrap();
        fs::rename(directory.join("main.rs"), directory.join("lib.rs")).unwrap();
        assert_ne!(sources_digest(root.path(), &sources).unwrap(), one);
    }

    #[test]
    fn finds_program_while_nothing_changed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, program) = (directory.path().join("stamp"), directory.path().join("program"));
        let stamp = Stamp {
            sources: "one".to_owned(),
            rest: "rest".to_owned(),
        };
        assert_eq!(stamp.find(&path), Built::Absent);
        fs::write(&program, "one").unwrap();
        stamp.write(&path, &program).unwrap();
        assert_eq!(stamp.find(&path), Built::Whole(program.clone()));
        let other = Stamp {
            rest: "other".to_owned(),
            ..stamp.clone()
        };
        assert_eq!(other.find(&path), Built::Absent);
        let other = Stamp {
            sources: "two".to_owned(),
            ..stamp.clone()
        };
        assert_eq!(other.find(&path), Built::FromOthers);
        fs::remove_file(&program).unwrap();
        assert_eq!(stamp.find(&path), Built::Absent, "the program is gone");
    }

    #[test]
    fn damaged_program_is_forgotten_and_built_again() {
        let directory = tempfile::tempdir().unwrap();
        let (path, program) = (directory.path().join("stamp"), directory.path().join("program"));
        let stamp = Stamp {
            sources: "one".to_owned(),
            rest: "rest".to_owned(),
        };
        fs::write(&program, "one").unwrap();
        stamp.write(&path, &program).unwrap();
        assert_eq!(forget_if_damaged(&path).unwrap(), None);
        assert_eq!(stamp.find(&path), Built::Whole(program.clone()));
        // In another process nothing is known of the program.
        fs::write(&path, format!("one\nrest\n{}\nother\n", program.display())).unwrap();
        assert_eq!(forget_if_damaged(&path).unwrap(), Some(program.clone()));
        assert!(!program.exists());
        assert_eq!(stamp.find(&path), Built::FromOthers);
        assert_eq!(forget_if_damaged(&path).unwrap(), None);
    }

    #[test]
    fn replaced_program_counts_as_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let (path, program) = (directory.path().join("stamp"), directory.path().join("program"));
        let stamp = Stamp {
            sources: "one".to_owned(),
            rest: "rest".to_owned(),
        };
        fs::write(&program, "one").unwrap();
        stamp.write(&path, &program).unwrap();
        fs::write(&program, "two").unwrap();
        assert_eq!(stamp.find(&path), Built::Damaged(program.clone()));
        stamp.write(&path, &program).unwrap();
        assert_eq!(stamp.find(&path), Built::Whole(program.clone()));
        let without_sum = format!("one\nrest\n{}\n", program.display());
        fs::write(&path, without_sum).unwrap();
        assert_eq!(stamp.find(&path), Built::Damaged(program));
    }
}
