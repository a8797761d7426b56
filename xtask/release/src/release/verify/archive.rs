//! Which member of a tar archive differs.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use tar::Archive;

use super::difference::{self, inside};

/// Where the magic word of a tar archive is.
const MAGIC: (usize, &[u8]) = (257, b"ustar");

/// A file in an archive.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    /// Mode, owner, group and time.
    about: [u64; 4],
    bytes: Vec<u8>,
}

/// Where two archives differ, member by member; `None` if they are none.
pub(super) fn differences(made: &[u8], again: &[u8]) -> Option<Vec<String>> {
    let (made, again) = (members(made)?, members(again)?);
    let mut found = Vec::new();
    for (path, member) in &made {
        match again.get(path) {
            None => found.push(format!("`{path}` is missing in what was made again")),
            Some(other) => found.extend(inside(&format!("`{path}`"), member.differences(other))),
        }
    }
    let new = again.keys().filter(|path| !made.contains_key(*path));
    found.extend(new.map(|path| format!("`{path}` is only in what was made again")));
    Some(found)
}

impl Member {
    fn differences(&self, other: &Self) -> Vec<String> {
        let words = ["mode", "owner", "group", "time"];
        let about = words.into_iter().zip(self.about.into_iter().zip(other.about));
        let mut found: Vec<String> = about
            .filter(|(_, (one, other))| one != other)
            .map(|(word, (one, other))| match word {
                "mode" => format!("mode {one:o}, and made again {other:o}"),
                _ => format!("{word} {one}, and made again {other}"),
            })
            .collect();
        found.extend(difference::differences(&self.bytes, &other.bytes));
        found
    }
}

/// The members by path; `None` if `bytes` are no archive.
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
        // A field that is left empty is no number.
        let about = [header.mode().map(u64::from), header.uid(), header.gid(), header.mtime()];
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

    /// An archive of members: path, mode, text.
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
    fn the_member_that_differs_is_named() {
        let made = archive(&[("weft-1/README.md", 0o644, "one\ntwo"), ("weft-1/weft", 0o755, "program")]);
        let again = archive(&[("weft-1/README.md", 0o644, "one\n222"), ("weft-1/weft", 0o755, "program")]);
        let found = differences(&made, &again).unwrap();
        assert_eq!(found, ["`weft-1/README.md`: line 2 is `two`, and made again `222`"]);
    }

    #[test]
    fn a_mode_is_a_difference_and_so_is_a_member_of_one_alone() {
        let made = archive(&[("a", 0o644, ""), ("weft", 0o755, "")]);
        let again = archive(&[("b", 0o644, ""), ("weft", 0o700, "")]);
        let expected = [
            "`a` is missing in what was made again",
            "`weft`: mode 755, and made again 700",
            "`b` is only in what was made again",
        ];
        assert_eq!(differences(&made, &again).unwrap(), expected);
    }

    #[test]
    fn archives_of_equal_members_in_another_order_have_no_member_to_name() {
        let [one, two] = [[("a", 0o644, "1"), ("b", 0o644, "2")], [("b", 0o644, "2"), ("a", 0o644, "1")]];
        assert_eq!(differences(&archive(&one), &archive(&two)), Some(Vec::new()));
        let found = difference::differences(&archive(&one), &archive(&two));
        assert!(found[0].starts_with("bytes 0x0..0x"), "{found:?}");
    }

    #[test]
    fn other_files_are_no_archives() {
        assert_eq!(differences(b"abc", b"abd"), None);
    }
}
