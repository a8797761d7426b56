//! Finds the members of a tar archive that differ.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use tar::Archive;

use super::difference::{self, inside};

/// The offset of the magic word of a tar archive, and the word.
const MAGIC: (usize, &[u8]) = (257, b"ustar");

/// A file in an archive.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    /// Mode, owner, group and time.
    about: [u64; 4],
    bytes: Vec<u8>,
}

/// Returns the differences of two archives, member by member; `None` if they are not archives.
pub(super) fn differences(made: &[u8], again: &[u8]) -> Option<Vec<String>> {
    let (made, again) = (members(made)?, members(again)?);
    let mut found = Vec::new();
    for (path, member) in &made {
        match again.get(path) {
            None => found.push(format!("`{path}` is missing from the second build")),
            Some(other) => found.extend(inside(&format!("`{path}`"), member.differences(other))),
        }
    }
    let new = again.keys().filter(|path| !made.contains_key(*path));
    found.extend(new.map(|path| format!("`{path}` is only in the second build")));
    Some(found)
}

impl Member {
    fn differences(&self, other: &Self) -> Vec<String> {
        let words = ["mode", "owner", "group", "time"];
        let about = words.into_iter().zip(self.about.into_iter().zip(other.about));
        let mut found: Vec<String> = about
            .filter(|(_, (one, other))| one != other)
            .map(|(word, (one, other))| match word {
                "mode" => format!("mode {one:o}, but {other:o} in the second build"),
                _ => format!("{word} {one}, but {other} in the second build"),
            })
            .collect();
        found.extend(difference::differences(&self.bytes, &other.bytes));
        found
    }
}

/// Returns the members by path; `None` if `bytes` are not an archive.
fn members(bytes: &[u8]) -> Option<BTreeMap<String, Member>> {
    let (at, magic) = MAGIC;
    if !bytes.get(at..)?.starts_with(magic) {
        return None;
    }
    read(bytes).ok()
}

fn read(bytes: &[u8]) -> io::Result<BTreeMap<String, Member>> {
    let mut members = BTreeMap::new();
    for entry in Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.display().to_string();
        let header = entry.header();
        // An empty field is not a number.
        let about = [
            header.mode().map(u64::from),
            header.uid(),
            header.gid(),
            header.mtime(),
        ];
        let about = about.map(|number| number.unwrap_or_default());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        members.insert(path, Member { about, bytes });
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use tar::{Builder, Header};

    use super::*;

    /// Makes an archive of members: path, mode, text.
    fn archive(members: &[(&str, u32, &str)]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (path, mode, text) in members {
            let mut header = Header::new_ustar();
            header.set_mode(*mode);
            header.set_size(text.len() as u64);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn names_the_member_that_differs() {
        let made = archive(&[
            ("weft-1/README.md", 0o644, "one\ntwo"),
            ("weft-1/weft", 0o755, "program"),
        ]);
        let again = archive(&[
            ("weft-1/README.md", 0o644, "one\n222"),
            ("weft-1/weft", 0o755, "program"),
        ]);
        let found = differences(&made, &again).unwrap();
        assert_eq!(
            found,
            ["`weft-1/README.md`: line 2 is `two`, but `222` in the second build"]
        );
    }

    #[test]
    fn reports_modes_and_missing_members() {
        let made = archive(&[("a", 0o644, ""), ("weft", 0o755, "")]);
        let again = archive(&[("b", 0o644, ""), ("weft", 0o700, "")]);
        let expected = [
            "`a` is missing from the second build",
            "`weft`: mode 755, but 700 in the second build",
            "`b` is only in the second build",
        ];
        assert_eq!(differences(&made, &again).unwrap(), expected);
    }

    #[test]
    fn reports_bytes_if_only_order_differs() {
        let [one, two] = [
            [("a", 0o644, "1"), ("b", 0o644, "2")],
            [("b", 0o644, "2"), ("a", 0o644, "1")],
        ];
        assert_eq!(differences(&archive(&one), &archive(&two)), Some(Vec::new()));
        let found = difference::differences(&archive(&one), &archive(&two));
        assert!(found[0].starts_with("bytes 0x0..0x"), "{found:?}");
    }

    #[test]
    fn ignores_files_that_are_not_archives() {
        assert_eq!(differences(b"abc", b"abd"), None);
    }
}
