//! Files through `wasi:filesystem`, on wasm32-wasip2.
//!
//! `std::fs` and libc would add some 25 KB to the component: a table of descriptors, streams, paths as C
//! strings, and errors translated twice. The host confines paths to the directories it granted, links
//! included; this module only finds the granted directory of a path.

#[path = "bindings/workspace.rs"]
mod workspace;

pub(super) use workspace::{Parent, link_target, names, parent, read_part, stat_entry};

use wasip2::filesystem::{
    preopens,
    types::{Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags},
};

use super::{Content, FsFault, path::below_grant, reserve};
use crate::random;

/// The number of bytes to read at once.
const READ_SIZE: u64 = 64 * 1024;

/// The number of names that are not UTF-8 in a directory that is read to its end.
const MAX_UNNAMED: u32 = 10_000;

pub(super) fn read(path: &str) -> Result<Vec<u8>, FsFault> {
    let file = open(path, OpenFlags::empty(), DescriptorFlags::READ)?;
    let mut bytes = Vec::new();
    reserve(&mut bytes, file.stat()?.size)?;
    loop {
        let (part, at_end) = file.read(READ_SIZE, bytes.len() as u64)?;
        reserve(&mut bytes, part.len() as u64)?;
        bytes.extend_from_slice(&part);
        if at_end || part.is_empty() {
            return Ok(bytes);
        }
    }
}

/// Creates a file that must not exist, and writes it to the disk completely or not at all.
pub(super) fn create(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    let file = open(
        path,
        OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
        DescriptorFlags::WRITE,
    )?;
    let written = write_all(&file, content);
    if written.is_err() {
        // Closed first: some systems cannot remove an open file.
        drop(file);
        let _ = remove(path);
    }
    written
}

/// Writes to an existing, empty file, and synchronises it to the disk.
pub(super) fn fill(path: &str, content: Content<'_>) -> Result<(), FsFault> {
    write_all(&open(path, OpenFlags::empty(), DescriptorFlags::WRITE)?, content)
}

/// Writes the content and synchronises it to the disk.
fn write_all(file: &Descriptor, content: Content<'_>) -> Result<(), FsFault> {
    let mut start = 0;
    for chunk in content {
        write(file, &chunk, start)?;
        start += chunk.len() as u64;
    }
    Ok(file.sync()?)
}

/// Synchronises the names in a directory to the disk, on hosts that support that.
pub(super) fn sync_dir(path: &str) -> Result<(), FsFault> {
    let Ok(directory) = open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ) else {
        return Ok(());
    };
    match directory.sync() {
        Err(code @ (ErrorCode::Io | ErrorCode::InsufficientSpace)) => Err(code.into()),
        _ => Ok(()),
    }
}

pub(super) fn append(path: &str, bytes: &[u8]) -> Result<(), FsFault> {
    let file = open(path, OpenFlags::CREATE, DescriptorFlags::WRITE)?;
    let end = file.stat()?.size;
    write(&file, bytes, end)
}

pub(super) fn rename(from: &str, to: &str) -> Result<(), FsFault> {
    let (from_root, from) = granted(from)?;
    let (to_root, to) = granted(to)?;
    Ok(from_root.rename_at(from, &to_root, to)?)
}

pub(super) fn remove(path: &str) -> Result<(), FsFault> {
    let (root, rest) = granted(path)?;
    Ok(root.unlink_file_at(rest)?)
}

pub(super) fn create_dir(path: &str) -> Result<(), FsFault> {
    let (root, rest) = granted(path)?;
    Ok(root.create_directory_at(rest)?)
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
    open(
        path,
        OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
        DescriptorFlags::WRITE,
    )
    .map(|_| Claim)
}

/// Does nothing: a guest cannot tell whether the holder of a lock is alive.
pub(super) fn remove_abandoned(_path: &str) -> Result<(), FsFault> {
    Ok(())
}

/// Calls `take` with each name in a directory.
pub(super) fn each_name(path: &str, take: &mut dyn FnMut(&str)) -> Result<(), FsFault> {
    let directory = open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
    each_entry(&directory, &mut |name| {
        if !name.is_empty() {
            take(name);
        }
        true
    })
}

/// Calls `take` with each name in a directory until it returns false; with an empty one if a name is not UTF-8.
fn each_entry(directory: &Descriptor, take: &mut dyn FnMut(&str) -> bool) -> Result<(), FsFault> {
    let entries = directory.read_directory()?;
    // A host that repeats the error must not be asked for ever.
    let mut unnamed = 0;
    loop {
        let goes_on = match entries.read_directory_entry() {
            Ok(Some(entry)) => take(&entry.name),
            Ok(None) => false,
            Err(ErrorCode::IllegalByteSequence) if unnamed < MAX_UNNAMED => {
                unnamed += 1;
                take("")
            }
            Err(code) => return Err(code.into()),
        };
        if !goes_on {
            return Ok(());
        }
    }
}

pub(super) fn exists(path: &str) -> bool {
    stat(path).is_ok()
}

pub(super) fn is_dir(path: &str) -> bool {
    stat(path).is_ok_and(|(kind, _)| kind == DescriptorType::Directory)
}

/// Returns true: the host confines paths itself.
pub(super) fn is_inside(_base: &str, _path: &str) -> bool {
    true
}

/// Returns the kind and the size of the file or directory at `path`. Using the rest of the host's record
/// would add 180 bytes to the component.
fn stat(path: &str) -> Result<(DescriptorType, u64), FsFault> {
    let (root, rest) = granted(path)?;
    let found = root.stat_at(PathFlags::SYMLINK_FOLLOW, rest)?;
    Ok((found.type_, found.size))
}

/// Opens a directory or a regular file. Its kind is checked first: opening a pipe without a writer could block forever.
fn open(path: &str, how: OpenFlags, access: DescriptorFlags) -> Result<Descriptor, FsFault> {
    // An exclusive open never opens an existing file.
    if how & OpenFlags::EXCLUSIVE == OpenFlags::empty()
        && let Ok((kind, _)) = stat(path)
    {
        match how == OpenFlags::DIRECTORY {
            true if kind != DescriptorType::Directory => return Err(FsFault::NotDirectory),
            false if kind != DescriptorType::RegularFile => return Err(FsFault::NotFile),
            _ => {}
        }
    }
    let (root, rest) = granted(path)?;
    Ok(root.open_at(PathFlags::SYMLINK_FOLLOW, rest, how, access)?)
}

fn write(file: &Descriptor, bytes: &[u8], start: u64) -> Result<(), FsFault> {
    let (mut rest, mut at) = (bytes, start);
    while !rest.is_empty() {
        let written = file.write(rest, at)?;
        if written == 0 {
            return Err(FsFault::Full);
        }
        rest = rest
            .get(usize::try_from(written).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        at += written;
    }
    Ok(())
}

/// Returns the granted directory that holds `path`, the innermost of several, and the path from there.
fn granted(path: &str) -> Result<(Descriptor, &str), FsFault> {
    let mut found: Option<(Descriptor, &str)> = None;
    for (root, name) in preopens::get_directories() {
        if let Some(rest) = below_grant(path, &name)
            && found.as_ref().is_none_or(|(_, other)| rest.len() < other.len())
        {
            found = Some((root, rest));
        }
    }
    let (root, rest) = found.ok_or(FsFault::NotFound)?;
    Ok((root, if rest.is_empty() { "." } else { rest }))
}

impl From<ErrorCode> for FsFault {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NoEntry => FsFault::NotFound,
            ErrorCode::Access | ErrorCode::NotPermitted => FsFault::Denied,
            ErrorCode::Exist => FsFault::Exists,
            ErrorCode::InsufficientSpace | ErrorCode::Quota => FsFault::Full,
            ErrorCode::ReadOnly => FsFault::ReadOnly,
            ErrorCode::IsDirectory => FsFault::IsDirectory,
            ErrorCode::NotDirectory => FsFault::NotDirectory,
            ErrorCode::FileTooLarge => FsFault::TooLarge,
            ErrorCode::NameTooLong => FsFault::NameTooLong,
            ErrorCode::InsufficientMemory => FsFault::NoMemory,
            _ => FsFault::Other(None),
        }
    }
}
