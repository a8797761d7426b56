//! Files through WASI preview 1, on wasm32-wasip1.
//!
//! The host confines paths to the directories it granted, links included; this module only finds the granted
//! directory of a path.

#[path = "preview1/workspace.rs"]
mod workspace;

pub(super) use workspace::{Parent, link_target, names, parent, read_part, stat_entry};

use wasip1::{
    DIRCOOKIE_START, Dirent, FDFLAGS_APPEND, FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE, Fd, Fdflags,
    Filetype, LOOKUPFLAGS_SYMLINK_FOLLOW, OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_EXCL, Oflags,
    RIGHTS_FD_READ, RIGHTS_FD_READDIR, RIGHTS_FD_SYNC, RIGHTS_FD_WRITE, Rights,
};

use super::{Content, FsFault, path::below_grant, reserve};
use crate::{
    preview1::{Errno, read_into, write_all},
    random,
};

/// The first descriptor that can be a granted directory, after the standard streams.
const FIRST_GRANT: Fd = 3;

pub(super) fn read(path: &str) -> Result<Vec<u8>, FsFault> {
    let size = size(path)?;
    let mut bytes = Vec::new();
    // One byte more, so that the end is detected without growing the buffer.
    reserve(&mut bytes, size.saturating_add(1))?;
    read_into(open(path, 0, 0, RIGHTS_FD_READ)?.0, &mut bytes)?;
    Ok(bytes)
}

/// Creates a file that must not exist, and writes it to the disk completely or not at all.
pub(super) fn create(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    let file = open(
        path,
        OFLAGS_CREAT | OFLAGS_EXCL,
        0,
        RIGHTS_FD_WRITE | RIGHTS_FD_SYNC,
    )?;
    let written = write(&file, content);
    if written.is_err() {
        // Closed first: some systems cannot remove an open file.
        drop(file);
        let _ = remove(path);
    }
    Ok(written?)
}

/// Writes to an existing, empty file, and synchronises it to the disk.
pub(super) fn fill(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    Ok(write(
        &open(path, 0, 0, RIGHTS_FD_WRITE | RIGHTS_FD_SYNC)?,
        content,
    )?)
}

/// Writes the content and synchronises it to the disk.
fn write(file: &Descriptor, content: Content<'_>) -> Result<(), Errno> {
    for chunk in content {
        write_all(file.0, &chunk)?;
    }
    file.sync()
}

/// Synchronises the names in a directory to the disk, on hosts that support that.
pub(super) fn sync_dir(path: &str) -> Result<(), FsFault> {
    let Ok(directory) = open(path, OFLAGS_DIRECTORY, 0, RIGHTS_FD_READDIR | RIGHTS_FD_SYNC) else {
        return Ok(());
    };
    match directory.sync() {
        Err(error @ (wasip1::ERRNO_IO | wasip1::ERRNO_NOSPC)) => Err(error.into()),
        _ => Ok(()),
    }
}

pub(super) fn append(path: &str, bytes: &[u8]) -> Result<(), FsFault> {
    let file = open(path, OFLAGS_CREAT, FDFLAGS_APPEND, RIGHTS_FD_WRITE)?;
    Ok(write_all(file.0, bytes)?)
}

pub(super) fn rename(from: &str, to: &str) -> Result<(), FsFault> {
    let (from_root, from) = granted(from)?;
    let (to_root, to) = granted(to)?;
    // SAFETY: the host reads both paths and nothing else.
    Ok(unsafe { wasip1::path_rename(from_root, from, to_root, to) }?)
}

pub(super) fn remove(path: &str) -> Result<(), FsFault> {
    let (root, rest) = granted(path)?;
    // SAFETY: the host reads the path and nothing else.
    Ok(unsafe { wasip1::path_unlink_file(root, rest) }?)
}

pub(super) fn create_dir(path: &str) -> Result<(), FsFault> {
    let (root, rest) = granted(path)?;
    // SAFETY: the host reads the path and nothing else.
    Ok(unsafe { wasip1::path_create_directory(root, rest) }?)
}

/// Returns the size of a file.
pub(super) fn size(path: &str) -> Result<u64, FsFault> {
    Ok(stat(path)?.1)
}

/// Empty: a guest cannot show other processes that it is alive.
#[derive(Debug)]
pub(super) struct Claim;

/// Returns a name that no other holder has.
pub(super) fn holder_name() -> String {
    clawft_types::text::number(random::number())
}

/// Creates a lock file, which must not exist yet.
pub(super) fn claim(path: &str) -> Result<Claim, FsFault> {
    open(path, OFLAGS_CREAT | OFLAGS_EXCL, 0, RIGHTS_FD_WRITE).map(|_| Claim)
}

/// Does nothing: a guest cannot tell whether the holder of a lock is alive.
pub(super) fn remove_abandoned(_path: &str) -> Result<(), FsFault> {
    Ok(())
}

/// Calls `take` with each name in a directory that is UTF-8.
pub(super) fn each_name(path: &str, take: &mut dyn FnMut(&str)) -> Result<(), FsFault> {
    let directory = open(path, OFLAGS_DIRECTORY, 0, RIGHTS_FD_READDIR)?;
    directory.each_name(&mut |name| {
        if !name.is_empty() {
            take(name);
        }
        true
    })
}

/// Returns the first directory entry in `bytes`, if it is complete: its name, the bytes after it, and the
/// position of the next entry.
fn entry(bytes: &[u8]) -> Option<(&[u8], &[u8], u64)> {
    let (head, rest) = bytes.split_at_checked(size_of::<Dirent>())?;
    let next = u64::from_le_bytes(*head.first_chunk()?);
    let length = u32::from_le_bytes(*head.get(16..)?.first_chunk()?);
    let (name, rest) = rest.split_at_checked(length as usize)?;
    Some((name, rest, next))
}

pub(super) fn exists(path: &str) -> bool {
    stat(path).is_ok()
}

pub(super) fn is_dir(path: &str) -> bool {
    stat(path).is_ok_and(|(kind, _)| kind == FILETYPE_DIRECTORY)
}

/// Returns true: the host confines paths itself.
pub(super) fn is_inside(_base: &str, _path: &str) -> bool {
    true
}

/// Returns the kind and the size of the file or directory at `path`.
fn stat(path: &str) -> Result<(Filetype, u64), FsFault> {
    let (root, rest) = granted(path)?;
    // SAFETY: the host reads the path and nothing else.
    let found = unsafe { wasip1::path_filestat_get(root, LOOKUPFLAGS_SYMLINK_FOLLOW, rest) }?;
    Ok((found.filetype, found.size))
}

/// An open file or directory.
struct Descriptor(Fd);

impl Descriptor {
    /// Calls `take` with each name in a directory until it returns false; with an empty one if a name is not UTF-8.
    fn each_name(&self, take: &mut dyn FnMut(&str) -> bool) -> Result<(), FsFault> {
        let mut next = DIRCOOKIE_START;
        // Room for any entry: on every file system a name has at most 255 bytes.
        let mut buffer = [0; 4096];
        loop {
            // SAFETY: the host writes into the buffer and nothing else.
            let filled = unsafe { wasip1::fd_readdir(self.0, buffer.as_mut_ptr(), buffer.len(), next) }?;
            let mut entries = buffer.get(..filled).unwrap_or(&buffer);
            while let Some((name, rest, cookie)) = entry(entries) {
                let name = str::from_utf8(name).unwrap_or_default();
                if name != "." && name != ".." && !take(name) {
                    return Ok(());
                }
                (entries, next) = (rest, cookie);
            }
            // A buffer that is not full holds the last entry. In a full one the last entry may be incomplete.
            if filled < buffer.len() {
                return Ok(());
            }
        }
    }

    fn sync(&self) -> Result<(), Errno> {
        // SAFETY: no memory is involved.
        unsafe { wasip1::fd_sync(self.0) }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: no memory is involved, and no other code has the descriptor.
        let _ = unsafe { wasip1::fd_close(self.0) };
    }
}

/// Opens a directory or a regular file. Its kind is checked first: opening a pipe without a writer could block forever.
fn open(path: &str, how: Oflags, flags: Fdflags, rights: Rights) -> Result<Descriptor, FsFault> {
    // An exclusive open never opens an existing file.
    if how & OFLAGS_EXCL == 0
        && let Ok((kind, _)) = stat(path)
    {
        match how & OFLAGS_DIRECTORY != 0 {
            true if kind != FILETYPE_DIRECTORY => return Err(FsFault::NotDirectory),
            false if kind != FILETYPE_REGULAR_FILE => return Err(FsFault::NotFile),
            _ => {}
        }
    }
    let (root, rest) = granted(path)?;
    // SAFETY: the host reads the path and nothing else.
    let file = unsafe { wasip1::path_open(root, LOOKUPFLAGS_SYMLINK_FOLLOW, rest, how, rights, 0, flags) }?;
    Ok(Descriptor(file))
}

/// Returns the granted directory that holds `path`, the innermost of several, and the path from there.
fn granted(path: &str) -> Result<(Fd, &str), FsFault> {
    let mut found: Option<(Fd, &str)> = None;
    let mut root = FIRST_GRANT;
    // Granted directories have consecutive descriptors.
    while let Some(name) = grant(root) {
        if let Some(rest) = below_grant(path, &name)
            && found.is_none_or(|(_, other)| rest.len() < other.len())
        {
            found = Some((root, rest));
        }
        root += 1;
    }
    let (root, rest) = found.ok_or(FsFault::NotFound)?;
    Ok((root, if rest.is_empty() { "." } else { rest }))
}

/// Returns the name under which the host granted the directory with this descriptor, if it is one.
fn grant(descriptor: Fd) -> Option<String> {
    // SAFETY: no memory is involved but the function's return value, and there is only one kind of grant to
    // read from it.
    let length = unsafe { wasip1::fd_prestat_get(descriptor).ok()?.u.dir.pr_name_len };
    let mut name = vec![0; length];
    // SAFETY: the host writes into the name and nothing else.
    unsafe { wasip1::fd_prestat_dir_name(descriptor, name.as_mut_ptr(), length) }.ok()?;
    // Some hosts count the terminating NUL.
    name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(length));
    String::from_utf8(name).ok()
}

impl From<Errno> for FsFault {
    fn from(error: Errno) -> Self {
        match error {
            wasip1::ERRNO_NOENT => FsFault::NotFound,
            wasip1::ERRNO_ACCES | wasip1::ERRNO_PERM | wasip1::ERRNO_NOTCAPABLE => FsFault::Denied,
            wasip1::ERRNO_EXIST => FsFault::Exists,
            wasip1::ERRNO_NOSPC | wasip1::ERRNO_DQUOT => FsFault::Full,
            wasip1::ERRNO_ROFS => FsFault::ReadOnly,
            wasip1::ERRNO_ISDIR => FsFault::IsDirectory,
            wasip1::ERRNO_NOTDIR => FsFault::NotDirectory,
            wasip1::ERRNO_FBIG => FsFault::TooLarge,
            wasip1::ERRNO_NAMETOOLONG => FsFault::NameTooLong,
            wasip1::ERRNO_NOMEM => FsFault::NoMemory,
            error => FsFault::Other(Some(error.raw().into())),
        }
    }
}
