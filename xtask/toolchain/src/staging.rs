//! Directories that are either complete or absent. Each is made beside its final path and moved there by one
//! rename, with a stamp that describes it; an interruption leaves at most a `.partial-…` directory, which the next
//! run removes. A directory that cannot be moved is made at its final path, and counts as present once it is
//! stamped.
//!
//! The stamp has the digest of all other files, which is checked before anything in the directory is used: a
//! directory that has changed since is damaged, and installed again.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use builds::digest;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::item::State;

const PREFIX: &str = ".partial-";
/// The number of bytes that must fit on the disk before anything is installed.
const PROBE: usize = 1 << 20;
const STAMP: &str = "clawft-setup.toml";
/// The age from which an unfinished directory counts as abandoned. A younger one may belong to another run, which
/// may share the toolchain with us but not the cache with its lock.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// The description of a directory of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The version of its contents; a directory with another version is stale.
    pub(super) version: String,
    /// The origin, for messages.
    pub(super) from: String,
}

/// The content of the stamp's file.
#[derive(Debug, Deserialize, Serialize)]
struct Record {
    version: String,
    from: String,
    /// The digest of the contents. Directories from before there were digests have none.
    sha256: Option<String>,
}

/// The contents of a directory of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// There is no stamp, so the directory cannot be used.
    Absent,
    /// The stamp has no digest.
    Unknown,
    /// The contents differ from what was installed.
    Damaged,
    /// The contents are those that were installed.
    Whole(Stamp),
}

impl Stamp {
    /// Reads the stamp in `directory`, if it has a valid one. It does not check the other files: see
    /// [`Contents::of`].
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let Record { version, from, .. } = Record::read(directory)?;
        Some(Self { version, from })
    }

    fn write(&self, directory: &Path) -> Result<()> {
        let Self { version, from } = self.clone();
        let record = Record {
            version,
            from,
            sha256: Some(digest::of_directory(directory, STAMP)?),
        };
        Ok(fs::write(directory.join(STAMP), toml::to_string(&record)?)?)
    }
}

impl Record {
    fn read(directory: &Path) -> Option<Self> {
        toml::from_str(&fs::read_to_string(directory.join(STAMP)).ok()?).ok()
    }
}

impl Contents {
    /// Compares the contents of `directory` with what was installed.
    pub(super) fn of(directory: &Path) -> Self {
        let Some(Record {
            version,
            from,
            sha256,
        }) = Record::read(directory)
        else {
            return Self::Absent;
        };
        let Some(expected) = sha256 else {
            return Self::Unknown;
        };
        match digest::is_intact(directory, &expected, || digest::of_directory(directory, STAMP)) {
            true => Self::Whole(Stamp { version, from }),
            false => Self::Damaged,
        }
    }

    /// Returns the state of the item in `directory`, which is `found` if the contents are whole.
    pub(super) fn state(self, directory: &Path, found: impl FnOnce(Stamp) -> State) -> State {
        match self {
            Self::Absent => State::Missing(None),
            Self::Unknown => State::Missing(Some(
                "the existing one was installed without a checksum".to_owned(),
            )),
            Self::Damaged => State::Damaged(directory.to_owned()),
            Self::Whole(stamp) => found(stamp),
        }
    }
}

/// Fails if nothing can be written to `directory`, because its disk is full or read-only.
pub(super) fn probe(directory: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(directory)?;
    file.write_all(&vec![1; PROBE])?;
    file.sync_data()
}

/// Returns whether `error` is about a full disk, in our own words or in those of another program.
pub(super) fn is_full(error: &anyhow::Error) -> bool {
    let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    let by_kind = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| kinds.contains(&cause.kind()));
    let shown = format!("{error:#}");
    by_kind
        || ["No space left on device", "Disk quota exceeded"]
            .iter()
            .any(|text| shown.contains(text))
}

/// An unfinished directory.
#[derive(Debug)]
pub(super) struct Staging {
    temporary: TempDir,
    destination: PathBuf,
}

impl Staging {
    /// Begins the directory that becomes `destination`. Only one process at a time may do so in the same parent
    /// directory.
    pub(super) fn begin(destination: &Path) -> Result<Self> {
        let parent = destination
            .parent()
            .context("a directory to install into has no parent")?;
        let temporary = fs::create_dir_all(parent)
            .and_then(|()| sweep(parent))
            .and_then(|()| temporary_in(parent))
            .with_context(|| format!("could not write to `{}`", parent.display()))?;
        Ok(Self {
            temporary,
            destination: destination.to_path_buf(),
        })
    }

    /// Returns the path for the contents.
    pub(super) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Stamps the directory and moves it to its destination, in place of an existing one.
    pub(super) fn commit(self, stamp: &Stamp) -> Result<()> {
        let destination = self.destination.display().to_string();
        stamp
            .write(self.path())
            .and_then(|()| self.swap())
            .with_context(|| format!("could not make `{destination}`"))
    }

    fn swap(self) -> Result<()> {
        let parent = self.destination.parent().context("no parent")?;
        // The old contents move to a directory with the temporary prefix, so that they are removed even after an
        // interruption.
        let old = temporary_in(parent)?;
        match fs::rename(&self.destination, old.path().join("old")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::rename(self.temporary.keep(), &self.destination)?,
        }
        Ok(())
    }
}

/// Removes `directory`, so that something that cannot be moved is made there, such as a Python environment, whose
/// programs contain its path. It does not count as present before [`finish`] has stamped it.
pub(super) fn clear(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Stamps `directory`, which was made at its final path.
pub(super) fn finish(directory: &Path, stamp: &Stamp) -> Result<()> {
    stamp
        .write(directory)
        .with_context(|| format!("could not finish `{}`", directory.display()))
}

/// Makes `link` point to `target`, in one step even if another file is there already.
#[cfg(unix)]
pub(super) fn link(target: &Path, link: &Path) -> Result<()> {
    let place = || -> Result<()> {
        let parent = link.parent().context("no parent")?;
        fs::create_dir_all(parent)?;
        sweep(parent)?;
        let temporary = temporary_in(parent)?;
        let fresh = temporary.path().join("link");
        std::os::unix::fs::symlink(target, &fresh)?;
        Ok(fs::rename(fresh, link)?)
    };
    place().with_context(|| format!("could not make the link `{}`", link.display()))
}

/// Fails: only Debian's packages need links, and no Debian is such a system.
#[cfg(not(unix))]
pub(super) fn link(_target: &Path, link: &Path) -> Result<()> {
    anyhow::bail!(
        "could not make the link `{}`: this system has no such links",
        link.display()
    )
}

/// Makes a temporary directory that everyone can read, as a toolchain is, while temporary directories usually are
/// private.
fn temporary_in(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755));
    builder.tempdir_in(parent)
}

/// Removes the unfinished directories of interrupted runs in `parent`.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours
            && entry
                .metadata()?
                .modified()?
                .elapsed()
                .is_ok_and(|age| age > ABANDONED)
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn stamp(version: &str) -> Stamp {
        Stamp {
            version: version.to_owned(),
            from: "a test".to_owned(),
        }
    }

    fn names(directory: &Path) -> Vec<String> {
        fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn directory_appears_whole_and_stamped() {
        let root = tempfile::tempdir().unwrap();
        let destination = root.path().join("parent/thing");
        let staging = Staging::begin(&destination).unwrap();
        fs::write(staging.path().join("file"), "x").unwrap();
        assert!(!destination.exists());
        staging.commit(&stamp("1")).unwrap();
        assert!(destination.join("file").exists());
        assert_eq!(Stamp::read(&destination), Some(stamp("1")));
        assert_eq!(names(&root.path().join("parent")), ["thing"]);
    }

    #[test]
    fn removes_all_previous_contents() {
        let root = tempfile::tempdir().unwrap();
        let destination = root.path().join("thing");
        fs::create_dir(&destination).unwrap();
        fs::write(destination.join("stale"), "x").unwrap();
        Staging::begin(&destination).unwrap().commit(&stamp("2")).unwrap();
        assert_eq!(names(&destination), [STAMP]);
        assert_eq!(names(root.path()), ["thing"]);
    }

    #[test]
    fn removes_directories_of_interrupted_runs() {
        let root = tempfile::tempdir().unwrap();
        for (name, age) in [(".partial-old", ABANDONED * 2), (".partial-new", Duration::ZERO)] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::File::open(root.path().join(name))
                .unwrap()
                .set_modified(SystemTime::now() - age)
                .unwrap();
        }
        drop(Staging::begin(&root.path().join("thing")).unwrap());
        assert_eq!(names(root.path()), [".partial-new"]);
    }

    #[test]
    fn probe_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        probe(root.path()).unwrap();
        assert!(names(root.path()).is_empty());
        assert!(probe(&root.path().join("absent")).is_err());
    }

    #[test]
    fn recognises_full_disk_by_kind_and_text() {
        let full =
            anyhow::Error::new(io::Error::from(io::ErrorKind::StorageFull)).context("could not unpack");
        assert!(is_full(&full));
        let told = anyhow::anyhow!("ERROR: [Errno 28] No space left on device");
        assert!(is_full(&told.context("could not download")));
        assert!(!is_full(&anyhow::Error::new(io::Error::from(
            io::ErrorKind::NotFound
        ))));
    }

    #[test]
    fn finds_directory_made_in_place_once_stamped() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("thing");
        clear(&directory).unwrap();
        fs::create_dir(&directory).unwrap();
        assert_eq!(Stamp::read(&directory), None);
        finish(&directory, &stamp("1")).unwrap();
        assert_eq!(Stamp::read(&directory), Some(stamp("1")));
        clear(&directory).unwrap();
        assert!(!directory.exists());
    }

    #[test]
    #[cfg(unix)]
    fn replaces_link_that_leads_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("src/rust");
        link(Path::new("/nowhere"), &place).unwrap();
        link(root.path(), &place).unwrap();
        assert_eq!(fs::read_link(&place).unwrap(), root.path());
        assert_eq!(names(&root.path().join("src")), ["rust"]);
    }
}
