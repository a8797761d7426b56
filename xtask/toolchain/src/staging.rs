//! Folders that are there either whole or not at all. Each takes shape beside its final place and gets there by one
//! rename, with a stamp inside that says what it is; an interruption leaves at most a `.partial-…` for the next run to
//! sweep away. What cannot be moved takes shape in its place, and counts as there once it is stamped.
//!
//! The stamp holds the digest of everything beside it, which is compared before anything in the folder is used: what was
//! changed since is damaged, and installed again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use devkit::digest;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::item::State;

const PREFIX: &str = ".partial-";
const STAMP: &str = "clawft-setup.toml";
/// A folder in the making that is older than this has been given up. A younger one may be another run's, which shares the
/// toolchain with us though not the cache with its lock.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// What a folder of ours says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Which version of what was to be had; another one makes the folder stale.
    pub(super) version: String,
    /// Where it came from, for the user to read.
    pub(super) from: String,
}

/// The stamp's file.
#[derive(Debug, Deserialize, Serialize)]
struct Record {
    version: String,
    from: String,
    /// The digest of the contents. Folders that were installed before there were any have none.
    sha256: Option<String>,
}

/// A folder of ours as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// There is no stamp, and so nothing to use.
    Absent,
    /// The stamp does not tell what has to be there.
    Unknown,
    /// It does not hold what was installed.
    Damaged,
    /// It holds exactly that.
    Whole(Stamp),
}

impl Stamp {
    /// The stamp in `folder`, if there is one that can be read. It tells nothing of what lies beside it: see [`Contents::of`].
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let Record { version, from, .. } = Record::read(folder)?;
        Some(Self { version, from })
    }

    fn write(&self, folder: &Path) -> Result<()> {
        let Self { version, from } = self.clone();
        let record = Record { version, from, sha256: Some(digest::of_directory(folder, STAMP)?) };
        Ok(fs::write(folder.join(STAMP), toml::to_string(&record)?)?)
    }
}

impl Record {
    fn read(folder: &Path) -> Option<Self> {
        toml::from_str(&fs::read_to_string(folder.join(STAMP)).ok()?).ok()
    }
}

impl Contents {
    /// Compares what is in `folder` with what was installed.
    pub(super) fn of(folder: &Path) -> Self {
        let Some(Record { version, from, sha256 }) = Record::read(folder) else { return Self::Absent };
        let Some(expected) = sha256 else { return Self::Unknown };
        match digest::is_intact(folder, &expected, || digest::of_directory(folder, STAMP)) {
            true => Self::Whole(Stamp { version, from }),
            false => Self::Damaged,
        }
    }

    /// The state of the item in `folder`, which is `found` if these contents are whole.
    pub(super) fn state(self, folder: &Path, found: impl FnOnce(Stamp) -> State) -> State {
        match self {
            Self::Absent => State::Missing(None),
            Self::Unknown => {
                State::Missing(Some("what is there was installed without a checksum".to_owned()))
            }
            Self::Damaged => State::Damaged(folder.to_owned()),
            Self::Whole(stamp) => found(stamp),
        }
    }
}

/// A folder in the making.
#[derive(Debug)]
pub(super) struct Staging {
    temporary: TempDir,
    destination: PathBuf,
}

impl Staging {
    /// Begins the folder that is to become `destination`. Only one process may do so at a time in the same parent folder.
    pub(super) fn begin(destination: &Path) -> Result<Self> {
        let parent = destination.parent().context("a folder to install into has no parent")?;
        let temporary = fs::create_dir_all(parent)
            .and_then(|()| sweep(parent))
            .and_then(|()| temporary_in(parent))
            .with_context(|| format!("could not write to `{}`", parent.display()))?;
        Ok(Self { temporary, destination: destination.to_path_buf() })
    }

    /// Where to put the contents.
    pub(super) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Stamps the folder and puts it in its place, instead of whatever was there.
    pub(super) fn commit(self, stamp: &Stamp) -> Result<()> {
        let destination = self.destination.display().to_string();
        stamp
            .write(self.path())
            .and_then(|()| self.swap())
            .with_context(|| format!("could not make `{destination}`"))
    }

    fn swap(self) -> Result<()> {
        let parent = self.destination.parent().context("no parent")?;
        // The old contents go into a folder with the swept name, so that they cannot outlive an interruption here either.
        let old = temporary_in(parent)?;
        match fs::rename(&self.destination, old.path().join("old")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::rename(self.temporary.keep(), &self.destination)?,
        }
        Ok(())
    }
}

/// Removes `folder`, so that something can take shape in its very place that could not be moved there, such as a Python
/// environment, whose programs hold its path. It is not there before [`finish`] has stamped it.
pub(super) fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Stamps `folder`, which was made in its place.
pub(super) fn finish(folder: &Path, stamp: &Stamp) -> Result<()> {
    stamp.write(folder).with_context(|| format!("could not finish `{}`", folder.display()))
}

/// Makes `link` point to `target`, in one step even where something else is there already.
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

/// Debian, the only one to ask for this, is never another system.
#[cfg(not(unix))]
pub(super) fn link(_target: &Path, link: &Path) -> Result<()> {
    anyhow::bail!("could not make the link `{}`: this system has no such links", link.display())
}

/// Readable for everyone, as a toolchain is, and not for its owner alone, as temporary folders are.
fn temporary_in(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755));
    builder.tempdir_in(parent)
}

/// Removes what interrupted runs left in `parent`.
fn sweep(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > ABANDONED) {
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
        Stamp { version: version.to_owned(), from: "a test".to_owned() }
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_appears_whole_and_stamped() {
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
    fn what_was_there_before_is_gone_altogether() {
        let root = tempfile::tempdir().unwrap();
        let destination = root.path().join("thing");
        fs::create_dir(&destination).unwrap();
        fs::write(destination.join("stale"), "x").unwrap();
        Staging::begin(&destination).unwrap().commit(&stamp("2")).unwrap();
        assert_eq!(names(&destination), [STAMP]);
        assert_eq!(names(root.path()), ["thing"]);
    }

    #[test]
    fn an_interrupted_run_leaves_nothing_for_good() {
        let root = tempfile::tempdir().unwrap();
        for (name, age) in [(".partial-old", ABANDONED * 2), (".partial-new", Duration::ZERO)] {
            fs::create_dir(root.path().join(name)).unwrap();
            fs::File::open(root.path().join(name)).unwrap().set_modified(SystemTime::now() - age).unwrap();
        }
        drop(Staging::begin(&root.path().join("thing")).unwrap());
        assert_eq!(names(root.path()), [".partial-new"]);
    }

    #[test]
    fn what_is_made_in_its_place_is_there_with_its_stamp() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("thing");
        clear(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        assert_eq!(Stamp::read(&folder), None);
        finish(&folder, &stamp("1")).unwrap();
        assert_eq!(Stamp::read(&folder), Some(stamp("1")));
        clear(&folder).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_replaced_even_when_it_dangles() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("src/rust");
        link(Path::new("/nowhere"), &place).unwrap();
        link(root.path(), &place).unwrap();
        assert_eq!(fs::read_link(&place).unwrap(), root.path());
        assert_eq!(names(&root.path().join("src")), ["rust"]);
    }
}
