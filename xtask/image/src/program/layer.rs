//! The files of an image: the program, the licences, and the empty directory under its volume.

use anyhow::{Context as _, Result};
use tar::{Builder, EntryType, Header};

use crate::{
    licences::Licences,
    recipe::{LICENCES, PROGRAM, VOLUME},
};

/// Returns the uncompressed layer with `program` and `licences`; everything belongs to root and is dated `epoch`.
///
/// The volume's directory exists so that an engine gives a new volume its owner and mode. It is open to all
/// like `/tmp`, so that the container may run as any user.
pub(crate) fn tar(program: &[u8], licences: &Licences, epoch: u64) -> Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let root = LICENCES.trim_start_matches('/');
    let empty = header(EntryType::Directory, 0o755, 0, epoch);
    append(&mut tar, empty, &format!("{root}/"), &[])?;
    for (name, text) in licences {
        let header = header(EntryType::Regular, 0o644, text.len(), epoch);
        append(&mut tar, header, &format!("{root}/{name}"), text.as_bytes())?;
    }
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

    fn licences() -> Licences {
        [("LICENSE-MIT", "MIT".to_owned())].into()
    }

    #[test]
    fn layer_holds_program_licences_and_open_directory() {
        let tar = tar(b"program", &licences(), 1_700_000_000).unwrap();
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
                ("licenses/".to_owned(), EntryType::Directory, 0o755, 0),
                ("licenses/LICENSE-MIT".to_owned(), EntryType::Regular, 0o644, 3),
                ("root/".to_owned(), EntryType::Directory, 0o755, 0),
                ("root/.clawft/".to_owned(), EntryType::Directory, 0o1777, 0),
                ("weft".to_owned(), EntryType::Regular, 0o755, 7),
            ]
        );
    }

    #[test]
    fn equal_programs_give_equal_layers() {
        let tar = |program, epoch| tar(program, &licences(), epoch).unwrap();
        assert_eq!(tar(b"x", 1), tar(b"x", 1));
        assert_ne!(tar(b"x", 1), tar(b"x", 2));
        assert_ne!(tar(b"x", 1), tar(b"y", 1));
    }
}
