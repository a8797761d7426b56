//! Primitives for the tools on wasm32-wasip2: symbolic links are not followed, and files have identities.

use super::{each_entry, granted, write};
use crate::fs::{FsFault, reserve};
use clawft_tools::{Identity, Kind, Stat};
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, MetadataHashValue, OpenFlags, PathFlags,
};

pub(in crate::fs) fn stat_entry(path: &str) -> Result<Stat, FsFault> {
    let (root, rest) = granted(path)?;
    let found = root.stat_at(PathFlags::empty(), rest)?;
    Ok(Stat {
        kind: match found.type_ {
            DescriptorType::RegularFile => Kind::File,
            DescriptorType::Directory => Kind::Directory,
            DescriptorType::SymbolicLink => Kind::Link,
            _ => Kind::Other,
        },
        size: found.size,
        identity: identity(root.metadata_hash_at(PathFlags::empty(), rest)),
    })
}

pub(in crate::fs) fn link_target(path: &str) -> Result<String, FsFault> {
    let (root, rest) = granted(path)?;
    Ok(root.readlink_at(rest)?)
}

/// Reads up to `most` bytes from `start` on, if the file is still the one with this identity.
pub(in crate::fs) fn read_part(
    path: &str,
    expected: Option<Identity>,
    start: u64,
    most: usize,
) -> Result<Vec<u8>, FsFault> {
    let file = open(path, expected, OpenFlags::empty(), DescriptorFlags::READ)?;
    let mut bytes = Vec::new();
    while bytes.len() < most {
        let (part, is_end) = file.read((most - bytes.len()) as u64, start + bytes.len() as u64)?;
        if bytes.is_empty() {
            // Nearly always the whole of it: no copy.
            bytes = part;
        } else {
            reserve(&mut bytes, part.len() as u64)?;
            bytes.extend_from_slice(&part);
        }
        if is_end {
            break;
        }
    }
    Ok(bytes)
}

/// Calls `take` with each name in the directory, if it is still the one with this identity, until it returns
/// false.
pub(in crate::fs) fn names(
    path: &str,
    expected: Option<Identity>,
    take: &mut dyn FnMut(&str) -> bool,
) -> Result<(), FsFault> {
    let directory = open(path, expected, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
    each_entry(&directory, take)
}

/// Creates a file that must not exist. Not synchronised: a model's file need not survive a power cut.
pub(in crate::fs) fn create_part(path: &str, bytes: &[u8]) -> Result<(), FsFault> {
    let (root, rest) = granted(path)?;
    let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    let file = root.open_at(PathFlags::empty(), rest, how, DescriptorFlags::WRITE)?;
    write(&file, bytes, 0)
}

fn open(
    path: &str,
    expected: Option<Identity>,
    how: OpenFlags,
    access: DescriptorFlags,
) -> Result<Descriptor, FsFault> {
    let (root, rest) = granted(path)?;
    let opened = root.open_at(PathFlags::empty(), rest, how, access)?;
    if identity(opened.metadata_hash()) == expected {
        Ok(opened)
    } else {
        Err(FsFault::NotFound)
    }
}

fn identity(hash: Result<MetadataHashValue, ErrorCode>) -> Option<Identity> {
    hash.ok().map(|hash| Identity(hash.upper, hash.lower))
}
