//! What a program that was built on demand was built from. While that is the same, cargo need not be asked: another cargo, whose
//! home is elsewhere, would compile everything anew because it knows the sources of crates by their paths.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::lock::Lock;
use crate::{digest, files};

/// The digests of everything that decides a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Of its own sources.
    pub(super) sources: String,
    /// Of the crates it is made of, of the profiles and of the toolchain.
    rest: String,
}

impl Stamp {
    /// That of `package` in the workspace at `root`, whose own `sources` are files and folders there.
    pub(super) fn of(root: &Path, package: &str, sources: &[&str]) -> Result<Self> {
        let read = |name: &str| files::read_text(&root.join(name));
        let manifest: toml::Table =
            toml::from_str(&read("Cargo.toml")?).context("could not understand Cargo.toml")?;
        let profiles = manifest.get("profile").map(ToString::to_string).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in
            Lock::of(root)?.closure(package).into_iter().chain([profiles, read("rust-toolchain.toml")?])
        {
            hash.update(Sha256::digest(part));
        }
        Ok(Self { sources: sources_digest(root, sources)?, rest: digest::hex(hash) })
    }

    /// The program that the file at `path` says was built from the same, if it is there.
    pub(super) fn program(&self, path: &Path) -> Option<PathBuf> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines();
        let same = lines.next() == Some(&self.sources) && lines.next() == Some(&self.rest);
        lines.next().filter(|_| same).map(PathBuf::from).filter(|program| program.is_file())
    }

    /// Whether the file at `path` is there and tells of other sources.
    pub(super) fn is_of_others(&self, path: &Path) -> bool {
        fs::read_to_string(path).is_ok_and(|text| text.lines().next() != Some(&self.sources))
    }

    /// Writes down that `program` was built from this.
    pub(super) fn write(&self, path: &Path, program: &Path) -> Result<()> {
        let text = format!("{}\n{}\n{}\n", self.sources, self.rest, program.display());
        files::replace(path, text.as_bytes())
    }
}

/// The SHA-256 of everything in `sources`, names included.
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
    fn the_digest_follows_names_and_contents() {
        let root = tempfile::tempdir().unwrap();
        let (folder, sources) = (root.path().join("package/src"), ["package"]);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("main.rs"), "one").unwrap();
        let one = sources_digest(root.path(), &sources).unwrap();
        assert_eq!(sources_digest(root.path(), &sources).unwrap(), one);
        fs::write(folder.join("main.rs"), "two").unwrap();
        assert_ne!(sources_digest(root.path(), &sources).unwrap(), one);
        fs::write(folder.join("main.rs"), "one").unwrap();
        fs::rename(folder.join("main.rs"), folder.join("lib.rs")).unwrap();
        assert_ne!(sources_digest(root.path(), &sources).unwrap(), one);
    }

    #[test]
    fn a_program_is_found_again_as_long_as_nothing_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, program) = (folder.path().join("stamp"), folder.path().join("program"));
        let stamp = Stamp { sources: "one".to_owned(), rest: "rest".to_owned() };
        assert!(stamp.program(&path).is_none() && !stamp.is_of_others(&path));
        stamp.write(&path, &program).unwrap();
        assert_eq!(stamp.program(&path), None, "the program is gone");
        fs::write(&program, "").unwrap();
        assert_eq!(stamp.program(&path), Some(program));
        let other = Stamp { rest: "other".to_owned(), ..stamp.clone() };
        assert!(other.program(&path).is_none() && !other.is_of_others(&path));
        let other = Stamp { sources: "two".to_owned(), ..stamp };
        assert!(other.program(&path).is_none() && other.is_of_others(&path));
    }
}
