//! Files as the tools see them: a trait that each platform implements for one directory.

use alloc::{string::String, vec::Vec};

use clawft_types::memory::NoMemory;

/// Identifies a file or directory, whatever its path: device and inode, or a hash of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(
    /// The device, or a half of the hash.
    pub u64,
    /// The inode, or the other half.
    pub u64,
);

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// Metadata of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The kind.
    pub kind: Kind,
    /// The size in bytes.
    pub size: u64,
    /// The identity; `None` on hosts whose file system has none.
    pub identity: Option<Identity>,
}

/// The reason of a failed operation. All texts are static: with texts of their own, errors made the component
/// some kilobytes larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// There is no file or directory of that name.
    NotFound,
    /// Any other reason, as a sentence fragment: `permission denied`.
    Other(&'static str),
}

impl From<NoMemory> for FileFault {
    fn from(_: NoMemory) -> FileFault {
        FileFault::Other("it does not fit into memory")
    }
}

impl From<FileFault> for &'static str {
    fn from(fault: FileFault) -> &'static str {
        match fault {
            FileFault::NotFound => "no such file or directory",
            FileFault::Other(cause) => cause,
        }
    }
}

/// The files below one directory.
///
/// Paths are relative to the directory, with `/` between names, and without `.`, `..` and empty names; the
/// empty path is the directory itself. The tools resolve symbolic links themselves and call these methods
/// with paths that held no link a moment ago. An implementation still has to keep every operation inside the
/// directory, because others may change the files at the same time. `identity` is the one that the tools have
/// checked, for a change that of the directory that holds the entry: an implementation fails if what it opens
/// has another one, and changes the names in what it has opened, without having followed a link. No identity is
/// compared with `None` for a change.
pub trait Files {
    /// Returns the metadata of `path`. A symbolic link is not followed.
    ///
    /// # Errors
    /// If it does not exist or is out of reach.
    fn stat(&mut self, path: &str) -> Result<Stat, FileFault>;

    /// Returns the target of a symbolic link as it is stored.
    ///
    /// # Errors
    /// If it cannot be read.
    fn link_target(&mut self, path: &str) -> Result<String, FileFault>;

    /// Returns up to `most` bytes of a regular file from byte `start` on; fewer only at its end.
    ///
    /// # Errors
    /// If the file cannot be read, or is another one.
    fn read(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        start: u64,
        most: usize,
    ) -> Result<Vec<u8>, FileFault>;

    /// Calls `take` with each name in a directory, in any order, until it returns false; with an empty one if a
    /// name is not UTF-8. `.` and `..` are left out.
    ///
    /// # Errors
    /// If the directory cannot be read, or is another one.
    fn names(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        take: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), FileFault>;

    /// Creates or replaces a file, completely or not at all. Its directory exists, with this identity.
    ///
    /// # Errors
    /// If that fails, or if the directory is another one; the old file is then unchanged.
    fn write(&mut self, path: &str, directory: &Option<Identity>, bytes: &[u8]) -> Result<(), FileFault>;

    /// Removes a file or a symbolic link from the directory with this identity.
    ///
    /// # Errors
    /// If that fails, or if the directory is another one.
    fn remove(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault>;

    /// Makes a directory in the one with this identity.
    ///
    /// # Errors
    /// If that fails, or if the directory is another one.
    fn make_directory(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault>;
}
