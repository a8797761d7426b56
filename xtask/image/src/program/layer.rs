//! The files of an image: the program, and the empty directory under its volume.

use anyhow::{Context as _, Result};
use tar::{Builder, EntryType, Header};

use crate::recipe::{PROGRAM, VOLUME};

/// Returns the uncompressed layer with `program` in it; everything belongs to root and is dated `epoch`.
///
/// The volume's directory exists so that an engine gives a new volume its owner and mode. It is open to all
/// like `/tmp`, so that the container may run as any user.
pub(crate) fn tar(program: &[u8], epoch: u64) -> Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let directory = VOLUME.trim_start_matches('/');
    let home = directory.split('/').next().unwrap_or_default();
    for (path, mode) in [(home, 0o755), (directory, 0o1777)] {
        let header = header(EntryType::Directory, mode, 0, epoch);
        append(&mut tar, header, &format!("{path}/"), &[])?;
    }
    append(
        &mut tar,
        header(EntryType::Regular, 0o755, program.len(), epoch),
        PROGRAM,
        program,
    )?;
    tar.into_inner().context("could not finish the layer")
}

fn header(kind: EntryType, mode: u32, size: usize, epoch: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(epoch);
    header.set_size(size as u64);
    header
}

fn append(tar: &mut Builder<Vec<u8>>, mut header: Header, path: &str, bytes: &[u8]) -> Result<()> {
    tar.append_data(&mut header, path, bytes)
        .with_context(|| format!("could not put `{path}` into the layer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_holds_program_and_open_directory() {
        let tar = tar(b"program", 1_700_000_000).unwrap();
        let mut archive = tar::Archive::new(&tar[..]);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 1_700_000_000);
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            let path = header.path().unwrap().display().to_string();
            (
                path,
                header.entry_type(),
                header.mode().unwrap(),
                header.size().unwrap(),
            )
        });
        let entries: Vec<_> = entries.collect();
        assert_eq!(
            entries,
            [
                ("root/".to_owned(), EntryType::Directory, 0o755, 0),
                ("root/.clawft/".to_owned(), EntryType::Directory, 0o1777, 0),
                ("weft".to_owned(), EntryType::Regular, 0o755, 7),
            ]
        );
    }

    #[test]
    fn equal_programs_give_equal_layers() {
        assert_eq!(tar(b"x", 1).unwrap(), tar(b"x", 1).unwrap());
        assert_ne!(tar(b"x", 1).unwrap(), tar(b"x", 2).unwrap());
        assert_ne!(tar(b"x", 1).unwrap(), tar(b"y", 1).unwrap());
    }
}
