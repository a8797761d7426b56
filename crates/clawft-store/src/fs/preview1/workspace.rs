//! Primitives for the tools on wasm32-wasip1: symbolic links are not followed, and files have identities.

use clawft_tools::{Identity, Kind, Stat};
use clawft_types::text::Ascii as _;
use wasip1::{
    FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE, FILETYPE_SYMBOLIC_LINK, Fd, Filestat, Iovec, OFLAGS_CREAT,
    OFLAGS_DIRECTORY, OFLAGS_EXCL, Oflags, RIGHTS_FD_FILESTAT_GET, RIGHTS_FD_READ, RIGHTS_FD_READDIR,
    RIGHTS_FD_SEEK, RIGHTS_FD_WRITE, RIGHTS_PATH_CREATE_DIRECTORY, RIGHTS_PATH_CREATE_FILE, RIGHTS_PATH_OPEN,
    RIGHTS_PATH_RENAME_SOURCE, RIGHTS_PATH_RENAME_TARGET, RIGHTS_PATH_UNLINK_FILE, Rights,
};

use super::{Descriptor, granted};
use crate::{
    fs::{FsFault, reserve},
    preview1::{Errno, write_all},
};

/// The maximum length of a link's target.
const MAX_TARGET: usize = 1024;

pub(in crate::fs) fn stat_entry(path: &str) -> Result<Stat, FsFault> {
    let (root, rest) = granted(path)?;
    // SAFETY: the host reads the path and nothing else.
    let found = unsafe { wasip1::path_filestat_get(root, 0, rest) }?;
    Ok(Stat {
        kind: match found.filetype {
            FILETYPE_REGULAR_FILE => Kind::File,
            FILETYPE_DIRECTORY => Kind::Directory,
            FILETYPE_SYMBOLIC_LINK => Kind::Link,
            _ => Kind::Other,
        },
        size: found.size,
        identity: identity(&found),
    })
}

pub(in crate::fs) fn link_target(path: &str) -> Result<String, FsFault> {
    let (root, rest) = granted(path)?;
    let mut target = vec![0; MAX_TARGET];
    // SAFETY: the host reads the path, writes into the target, and nothing else.
    let length = unsafe { wasip1::path_readlink(root, rest, target.as_mut_ptr(), target.len()) }?;
    if length == MAX_TARGET {
        return Err(FsFault::TooLarge);
    }
    target.truncate(length);
    String::from_utf8(target).map_err(|_| FsFault::NotText)
}

/// Reads up to `most` bytes from `start` on, if the file is still the one with this identity.
pub(in crate::fs) fn read_part(
    path: &str,
    expected: Option<Identity>,
    start: u64,
    most: usize,
) -> Result<Vec<u8>, FsFault> {
    let file = open(path, expected, 0, RIGHTS_FD_READ | RIGHTS_FD_SEEK)?;
    let mut bytes = Vec::new();
    // No more than what is there, and one byte to notice the end.
    let size = file.stat()?.size.saturating_sub(start).saturating_add(1);
    let most = usize::try_from(size).map_or(most, |size| size.min(most));
    reserve(&mut bytes, most as u64)?;
    bytes.resize(most, 0);
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        let part = [Iovec {
            buf: room.as_mut_ptr(),
            buf_len: room.len(),
        }];
        // SAFETY: the host writes into the rest of the buffer, whose length it gets, and nowhere else.
        match unsafe { wasip1::fd_pread(file.0, &part, start + filled as u64) }? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Calls `take` with each name in the directory, if it is still the one with this identity, until it returns
/// false.
pub(in crate::fs) fn names(
    path: &str,
    expected: Option<Identity>,
    take: &mut dyn FnMut(&str) -> bool,
) -> Result<(), FsFault> {
    let directory = open(path, expected, OFLAGS_DIRECTORY, RIGHTS_FD_READDIR)?;
    directory.each_name(take)
}

/// The rights to files that are created in a directory. WAMR asks for the one to seek in whatever is opened to write.
const RIGHTS_CREATED: Rights = RIGHTS_FD_WRITE | RIGHTS_FD_SEEK;

/// The rights on a directory whose names are changed.
const RIGHTS_CHANGE: Rights = RIGHTS_FD_READDIR
    | RIGHTS_FD_FILESTAT_GET
    | RIGHTS_PATH_OPEN
    | RIGHTS_PATH_CREATE_FILE
    | RIGHTS_PATH_CREATE_DIRECTORY
    | RIGHTS_PATH_RENAME_SOURCE
    | RIGHTS_PATH_RENAME_TARGET
    | RIGHTS_PATH_UNLINK_FILE;

/// An open directory, to change the names in it.
pub(in crate::fs) struct Parent(Descriptor);

/// Opens a directory name by name, so that no link is followed, if it is still the one with this identity.
pub(in crate::fs) fn parent(path: &str, expected: Option<Identity>) -> Result<Parent, FsFault> {
    let (mut root, rest) = granted(path)?;
    let mut directory = None;
    for name in rest.pieces(b'/') {
        let opened = opened(
            root,
            name,
            OFLAGS_DIRECTORY,
            [RIGHTS_CHANGE, RIGHTS_CHANGE | RIGHTS_CREATED],
        )?;
        root = opened.0;
        // The one above it is closed.
        directory = Some(opened);
    }
    match directory {
        Some(directory) if expected.is_none() || identity(&directory.stat()?) == expected => {
            Ok(Parent(directory))
        }
        _ => Err(FsFault::NotFound),
    }
}

impl Parent {
    /// Creates a file that must not exist. Not synchronised: a model's file need not survive a power cut.
    pub(in crate::fs) fn create(&self, name: &str, bytes: &[u8]) -> Result<(), FsFault> {
        let file = opened(self.fd(), name, OFLAGS_CREAT | OFLAGS_EXCL, [RIGHTS_FD_WRITE, 0])?;
        Ok(write_all(file.0, bytes)?)
    }

    pub(in crate::fs) fn rename(&self, from: &str, to: &str) -> Result<(), FsFault> {
        // SAFETY: the host reads both names and nothing else.
        Ok(unsafe { wasip1::path_rename(self.fd(), from, self.fd(), to) }?)
    }

    pub(in crate::fs) fn remove(&self, name: &str) -> Result<(), FsFault> {
        // SAFETY: the host reads the name and nothing else.
        Ok(unsafe { wasip1::path_unlink_file(self.fd(), name) }?)
    }

    pub(in crate::fs) fn make_directory(&self, name: &str) -> Result<(), FsFault> {
        // SAFETY: the host reads the name and nothing else.
        Ok(unsafe { wasip1::path_create_directory(self.fd(), name) }?)
    }

    fn fd(&self) -> Fd {
        self.0.0
    }
}

fn open(path: &str, expected: Option<Identity>, how: Oflags, rights: Rights) -> Result<Descriptor, FsFault> {
    let (root, rest) = granted(path)?;
    let file = opened(root, rest, how, [rights | RIGHTS_FD_FILESTAT_GET, 0])?;
    if identity(&file.stat()?) == expected {
        Ok(file)
    } else {
        Err(FsFault::NotFound)
    }
}

/// Opens `path` below the directory `root`, with rights on it and, if it is a directory, on what is opened below it.
fn opened(root: Fd, path: &str, how: Oflags, [rights, below]: [Rights; 2]) -> Result<Descriptor, FsFault> {
    // SAFETY: the host reads the path and nothing else.
    let file = unsafe { wasip1::path_open(root, 0, path, how, rights, below, 0) }?;
    Ok(Descriptor(file))
}

impl Descriptor {
    fn stat(&self) -> Result<Filestat, Errno> {
        // SAFETY: no memory is involved but the function's return value.
        unsafe { wasip1::fd_filestat_get(self.0) }
    }
}

fn identity(found: &Filestat) -> Option<Identity> {
    Some(Identity(found.dev, found.ino))
}
