//! Reproducible archives: sorted entries, one time for all, fixed modes, no user or group, and a gzip header
//! without a name or a time.

use std::{collections::BTreeMap, io::Read as _};

use anyhow::{Context as _, Result, bail};
use builds::files::{Mode, gzip};
use flate2::read::GzDecoder;
use tar::{Builder, EntryType, Header};

/// The files of an archive by their path in it.
pub(super) type Entries = BTreeMap<String, Entry>;

/// A file in an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: Mode,
}

/// Returns `entries` below the directory `root` as a `tar.gz` file, compressed at level 9. All are dated `time`
/// seconds after 1970.
///
/// # Errors
/// Fails if a path is too long for the format.
pub(super) fn tar_gz(root: &str, entries: &Entries, time: u64) -> Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    for (path, entry) in entries {
        let path = format!("{root}/{path}");
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(entry.mode.bits());
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        header.set_size(entry.bytes.len() as u64);
        tar.append_data(&mut header, &path, &entry.bytes[..])
            .with_context(|| format!("could not put `{path}` into the archive"))?;
    }
    let tar = tar.into_inner().context("could not finish the archive")?;
    gzip(&tar).context("could not compress the archive")
}

/// Returns the program of this file name in an archive.
pub(crate) fn program(archive: &[u8], name: &str) -> Result<Vec<u8>> {
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        if entry.path()?.file_name().is_some_and(|found| found == name) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
    }
    bail!("there is no `{name}` in it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(names: &[&str]) -> Entries {
        let entry = |name: &&str| {
            let mode = if *name == "weft" {
                Mode::Program
            } else {
                Mode::Data
            };
            (
                (*name).to_owned(),
                Entry {
                    bytes: name.repeat(1000).into_bytes(),
                    mode,
                },
            )
        };
        names.iter().map(entry).collect()
    }

    #[test]
    fn archives_same_entries_to_same_bytes() {
        let one = tar_gz("weft-1", &entries(&["weft", "man/weft.1", "README.md"]), 7).unwrap();
        let two = tar_gz("weft-1", &entries(&["README.md", "weft", "man/weft.1"]), 7).unwrap();
        assert_eq!(one, two);
        assert_ne!(
            one,
            tar_gz("weft-1", &entries(&["README.md", "weft", "man/weft.1"]), 8).unwrap()
        );
    }

    #[test]
    fn sorts_and_dates_entries_without_owner() {
        let packed = tar_gz("weft-1", &entries(&["weft", "README.md"]), 1_700_000_000).unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(&packed[..]));
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header().clone();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let path = header.path().unwrap().display().to_string();
            assert!(text.starts_with(path.strip_prefix("weft-1/").unwrap()));
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            assert_eq!(header.mtime().unwrap(), 1_700_000_000);
            seen.push((path, header.mode().unwrap()));
        }
        assert_eq!(
            seen,
            [
                ("weft-1/README.md".to_owned(), 0o644),
                ("weft-1/weft".to_owned(), 0o755)
            ]
        );
    }

    #[test]
    fn gzip_header_has_no_name_or_time() {
        let packed = tar_gz("weft-1", &entries(&["weft"]), 7).unwrap();
        // Magic number and method, no flags, no time.
        assert_eq!(packed[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    }
}
