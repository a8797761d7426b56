//! The temporary directory of an unfinished release, beside the final one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use builds::{digest, files, interrupt};
use tempfile::TempDir;

use super::metadata::{Build, File, Kind};
use crate::dist;

/// A directory that becomes a release. It is removed if the release is not finished.
#[derive(Debug)]
pub(super) struct Staging {
    directory: TempDir,
    /// The final path.
    place: PathBuf,
    /// The files in it so far.
    pub(super) files: BTreeMap<String, File>,
}

/// The description of a file, beside its bytes.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) kind: Kind,
    pub(super) what: String,
    pub(super) build: Option<Build>,
}

impl Staging {
    /// Makes an empty directory for a release at `place`.
    pub(super) fn begin(place: PathBuf) -> Result<Self> {
        let beside = place.parent().context("the release has no directory")?;
        fs::create_dir_all(beside)
            .with_context(|| format!("could not make the directory `{}`", beside.display()))?;
        let directory = tempfile::Builder::new().prefix(".release-").tempdir_in(beside);
        let directory =
            directory.with_context(|| format!("could not make a directory in `{}`", beside.display()))?;
        interrupt::remove_at_end(directory.path())?;
        Ok(Self {
            directory,
            place,
            files: BTreeMap::new(),
        })
    }

    /// Returns its temporary path.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Adds a file that the metadata lists.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8], about: About) -> Result<()> {
        self.write(name, bytes)?;
        let gzip = match name.ends_with(".gz") {
            true => None,
            false => Some(
                files::gzip(bytes)
                    .with_context(|| format!("could not compress {name}"))?
                    .len(),
            ),
        };
        let About { kind, what, build } = about;
        let file = File {
            kind,
            what,
            bytes: bytes.len(),
            gzip,
            sha256: digest::sha256(bytes),
            build,
        };
        self.files.insert(name.to_owned(), file);
        Ok(())
    }

    /// Adds a file that the metadata does not list.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        files::replace(&self.path().join(name), bytes)
    }

    /// Moves the directory to its final path, where no file of an earlier release remains, and returns that path.
    pub(super) fn settle(self) -> Result<PathBuf> {
        dist::write_sums(self.path())?;
        let purpose = || format!("could not put the release at `{}`", self.place.display());
        // Temporary directories are private; a release is for everyone.
        #[cfg(unix)]
        fs::set_permissions(self.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .with_context(purpose)?;
        // Two moves replace the old directory with the new one: no process ever sees part of either.
        let old = TempDir::new_in(self.place.parent().with_context(purpose)?).with_context(purpose)?;
        if self.place.exists() {
            files::move_directory(&self.place, &old.path().join("release")).with_context(purpose)?;
        }
        files::move_directory(self.path(), &self.place).with_context(purpose)?;
        Ok(self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(kind: Kind) -> About {
        About {
            kind,
            what: "something".to_owned(),
            build: None,
        }
    }

    #[test]
    fn replaces_earlier_release_when_complete() {
        let dist = tempfile::tempdir().unwrap();
        let place = dist.path().join("release");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("weft-0.0.1.tar.gz"), "old").unwrap();
        let mut staging = Staging::begin(place.clone()).unwrap();
        staging
            .put("clawft.wasm", b"component", about(Kind::Component))
            .unwrap();
        staging
            .put("clawft.wasm.gz", b"small", about(Kind::CompressedComponent))
            .unwrap();
        staging.write("release.json", b"{}").unwrap();
        assert!(
            staging.files["clawft.wasm"].gzip.is_some() && staging.files["clawft.wasm.gz"].gzip.is_none()
        );
        assert!(place.join("weft-0.0.1.tar.gz").exists());
        assert_eq!(staging.settle().unwrap(), place);
        let names = |directory: &Path| -> Vec<String> {
            let paths = files::below(directory).unwrap();
            paths
                .iter()
                .map(|path| path.strip_prefix(directory).unwrap().display().to_string())
                .collect()
        };
        assert_eq!(
            names(&place),
            ["SHA256SUMS", "clawft.wasm", "clawft.wasm.gz", "release.json"]
        );
        assert_eq!(
            fs::read_dir(dist.path()).unwrap().count(),
            1,
            "something was left beside it"
        );
        assert_eq!(
            fs::read_to_string(place.join("SHA256SUMS"))
                .unwrap()
                .lines()
                .count(),
            3
        );
    }

    #[test]
    fn removes_release_that_is_unfinished() {
        let dist = tempfile::tempdir().unwrap();
        let mut staging = Staging::begin(dist.path().join("release")).unwrap();
        staging
            .put("clawft.wasm", b"component", about(Kind::Component))
            .unwrap();
        drop(staging);
        assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 0);
    }
}
