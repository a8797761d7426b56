//! Primitives for the tools on wasm32-wasip2: symbolic links are not followed, and files have identities.

use clawft_tools::{Identity, Kind, Stat};
use clawft_types::text::Ascii as _;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, MetadataHashValue, OpenFlags, PathFlags,
};

use super::{each_entry, granted, write};
use crate::fs::{FsFault, reserve};

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

/// An open directory, to change the names in it.
pub(in crate::fs) struct Parent(Descriptor);

/// Opens a directory name by name, so that no link is followed, if it is still the one with this identity.
pub(in crate::fs) fn parent(path: &str, expected: Option<Identity>) -> Result<Parent, FsFault> {
    let (mut directory, rest) = granted(path)?;
    for name in rest.pieces(b'/') {
        // To read it, although it is changed: jco does not know the other flag, and no host asks for it.
        let access = DescriptorFlags::READ;
        directory = directory.open_at(PathFlags::empty(), name, OpenFlags::DIRECTORY, access)?;
    }
    if expected.is_none() || identity(directory.metadata_hash()) == expected {
        Ok(Parent(directory))
    } else {
        Err(FsFault::NotFound)
    }
}

impl Parent {
    /// Creates a file that must not exist. Not synchronised: a model's file need not survive a power cut.
    pub(in crate::fs) fn create(&self, name: &str, bytes: &[u8]) -> Result<(), FsFault> {
        let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        let file = self
            .0
            .open_at(PathFlags::empty(), name, how, DescriptorFlags::WRITE)?;
        write(&file, bytes, 0)
    }

    pub(in crate::fs) fn rename(&self, from: &str, to: &str) -> Result<(), FsFault> {
        Ok(self.0.rename_at(from, &self.0, to)?)
    }

    pub(in crate::fs) fn remove(&self, name: &str) -> Result<(), FsFault> {
        Ok(self.0.unlink_file_at(name)?)
    }

    pub(in crate::fs) fn make_directory(&self, name: &str) -> Result<(), FsFault> {
        Ok(self.0.create_directory_at(name)?)
    }
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
