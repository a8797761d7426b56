//! The folder of a release while it is being made: beside its place and under another name, until it is complete.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use devkit::{digest, files};
use tempfile::TempDir;

use super::metadata::{Build, File, Kind};
use crate::dist;

/// A folder that becomes a release. What is left of one that does not is removed.
#[derive(Debug)]
pub(super) struct Staging {
    folder: TempDir,
    /// Where it goes.
    place: PathBuf,
    /// What is in it so far.
    pub(super) files: BTreeMap<String, File>,
}

/// What is said of a file beside what can be seen of it.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) kind: Kind,
    pub(super) what: String,
    pub(super) build: Option<Build>,
}

impl Staging {
    /// An empty one for a release at `place`.
    pub(super) fn begin(place: PathBuf) -> Result<Self> {
        let beside = place.parent().context("the release has no folder")?;
        fs::create_dir_all(beside)
            .with_context(|| format!("could not make the folder `{}`", beside.display()))?;
        let folder = tempfile::Builder::new().prefix(".release-").tempdir_in(beside);
        let folder = folder.with_context(|| format!("could not make a folder in `{}`", beside.display()))?;
        Ok(Self { folder, place, files: BTreeMap::new() })
    }

    /// Where it is meanwhile.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file into it that the metadata lists.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8], about: About) -> Result<()> {
        self.write(name, bytes)?;
        let gzip = match name.ends_with(".gz") {
            true => None,
            false => Some(files::gzip(bytes).with_context(|| format!("could not compress {name}"))?.len()),
        };
        let About { kind, what, build } = about;
        let file = File { kind, what, bytes: bytes.len(), gzip, sha256: digest::sha256(bytes), build };
        self.files.insert(name.to_owned(), file);
        Ok(())
    }

    /// Puts a file into it that the metadata does not list.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        files::replace(&self.path().join(name), bytes)
    }

    /// Puts it in its place, where no file of an earlier one is left, and returns that.
    pub(super) fn settle(self) -> Result<PathBuf> {
        dist::write_sums(self.path())?;
        let purpose = || format!("could not put the release at `{}`", self.place.display());
        // Temporary folders are private; a release is for everyone.
        #[cfg(unix)]
        fs::set_permissions(self.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .with_context(purpose)?;
        // The old one makes place in one move and the new one takes it in another: nobody ever sees half of either.
        let old = TempDir::new_in(self.place.parent().with_context(purpose)?).with_context(purpose)?;
        if self.place.exists() {
            fs::rename(&self.place, old.path().join("release")).with_context(purpose)?;
        }
        fs::rename(self.path(), &self.place).with_context(purpose)?;
        Ok(self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(kind: Kind) -> About {
        About { kind, what: "something".to_owned(), build: None }
    }

    #[test]
    fn it_takes_the_place_of_an_earlier_one_when_it_is_complete() {
        let dist = tempfile::tempdir().unwrap();
        let place = dist.path().join("release");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("weft-0.0.1.tar.gz"), "old").unwrap();
        let mut staging = Staging::begin(place.clone()).unwrap();
        staging.put("clawft.wasm", b"component", about(Kind::Component)).unwrap();
        staging.put("clawft.wasm.gz", b"small", about(Kind::CompressedComponent)).unwrap();
        staging.write("release.json", b"{}").unwrap();
        assert!(
            staging.files["clawft.wasm"].gzip.is_some() && staging.files["clawft.wasm.gz"].gzip.is_none()
        );
        assert!(place.join("weft-0.0.1.tar.gz").exists());
        assert_eq!(staging.settle().unwrap(), place);
        let names = |folder: &Path| -> Vec<String> {
            let paths = files::below(folder).unwrap();
            paths.iter().map(|path| path.strip_prefix(folder).unwrap().display().to_string()).collect()
        };
        assert_eq!(names(&place), ["SHA256SUMS", "clawft.wasm", "clawft.wasm.gz", "release.json"]);
        assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 1, "something was left beside it");
        assert_eq!(fs::read_to_string(place.join("SHA256SUMS")).unwrap().lines().count(), 3);
    }

    #[test]
    fn nothing_is_left_of_one_that_was_not_finished() {
        let dist = tempfile::tempdir().unwrap();
        let mut staging = Staging::begin(dist.path().join("release")).unwrap();
        staging.put("clawft.wasm", b"component", about(Kind::Component)).unwrap();
        drop(staging);
        assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 0);
    }
}
