//! SHA-256 digests of bytes, files and directories.

use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Mutex, PoisonError},
    thread,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256 as Hasher};

use crate::pool;

/// The number of bytes of a file to read at once.
const CHUNK: usize = 1 << 20;

/// A SHA-256 digest. As text it is 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Hasher::digest(bytes).into())
    }
}

impl FromStr for Sha256 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is no SHA-256 digest: that is 64 hexadecimal digits in lower case");
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        });
        let bytes: Vec<u8> = bytes.collect::<Option<_>>().ok_or_else(refuse)?;
        Ok(Self(bytes.try_into().map_err(|_| refuse())?))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// Returns the digest of `bytes` as text.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

/// Returns the digest of the bytes that `hasher` has read, as text.
pub fn hex(hasher: Hasher) -> String {
    Sha256(hasher.finalize().into()).to_string()
}

/// Returns the digest of the file at `path`.
pub fn of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(hash)),
            read => hash.update(&chunk[..read]),
        }
    }
}

/// Returns the digest of everything below the directory `root` except its file `except`: paths, contents,
/// targets of symbolic links, and executable bits. Links are not followed.
pub fn of_directory(root: &Path, except: &str) -> io::Result<String> {
    let mut entries = Vec::new();
    list(root, &mut entries)?;
    entries.retain(|entry| entry.path != root.join(except));
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let digests = pool::run(&entries, processors, Entry::digest);
    let mut hash = Hasher::new();
    for (entry, digest) in entries.iter().zip(digests) {
        let path = entry.path.strip_prefix(root).map_err(io::Error::other)?;
        let length = u64::try_from(path.as_os_str().len()).map_err(io::Error::other)?;
        hash.update(length.to_le_bytes());
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([entry.kind as u8]);
        hash.update(digest?);
    }
    Ok(hex(hash))
}

/// Returns whether `path` has the digest `expected`, which `measure` computes. An intact path is measured
/// once in the life of this process.
pub fn is_intact(path: &Path, expected: &str, measure: impl FnOnce() -> io::Result<String>) -> bool {
    static INTACT: Mutex<BTreeSet<(PathBuf, String)>> = Mutex::new(BTreeSet::new());
    let known = || INTACT.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (path.to_owned(), expected.to_owned());
    if known().contains(&key) {
        return true;
    }
    let is_intact = measure().is_ok_and(|found| found == expected);
    if is_intact {
        known().insert(key);
    }
    is_intact
}

/// An entry that is not a directory.
struct Entry {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    Program,
    Link,
}

impl Entry {
    fn digest(&self) -> io::Result<String> {
        match self.kind {
            Kind::Link => Ok(sha256(fs::read_link(&self.path)?.as_os_str().as_encoded_bytes())),
            Kind::Data | Kind::Program => of_file(&self.path),
        }
    }
}

fn list(directory: &Path, found: &mut Vec<Entry>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            list(&path, found)?;
        } else {
            let kind = kind(&metadata);
            found.push(Entry { path, kind });
        }
    }
    Ok(())
}

fn kind(metadata: &fs::Metadata) -> Kind {
    if metadata.is_symlink() {
        return Kind::Link;
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0 {
        return Kind::Program;
    }
    Kind::Data
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory and every change of its digest.
    #[cfg(unix)]
    #[test]
    fn directory_digest_follows_every_change() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let digest = || of_directory(directory.path(), "stamp").unwrap();
        fs::create_dir_all(path("bin/deep")).unwrap();
        fs::write(path("bin/deep/tool"), "one").unwrap();
        fs::write(path("data"), "two").unwrap();
        symlink("data", path("link")).unwrap();
        let mut digests = vec![digest()];
        let mut changed = |what: &str| {
            let digest = digest();
            assert!(!digests.contains(&digest), "{what}");
            digests.push(digest);
        };
        fs::write(path("data"), "2wo").unwrap();
        changed("contents");
        fs::rename(path("data"), path("date")).unwrap();
        changed("a name");
        fs::rename(path("date"), path("bin/data")).unwrap();
        changed("a place");
        fs::set_permissions(path("bin/deep/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        changed("who can run it");
        fs::remove_file(path("link")).unwrap();
        changed("a link less");
        symlink("bin", path("link")).unwrap();
        changed("the target of a link");
        fs::write(path("bin/new"), "").unwrap();
        changed("an empty file more");
        fs::write(path("bin/stamp"), "").unwrap();
        changed("the name of the exception further down");
        let last = digest();
        fs::write(path("stamp"), "x").unwrap();
        assert_eq!(digest(), last, "the exception");
    }

    #[test]
    fn reads_digests_as_written() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Sha256::of(b"")));
        for text in [
            "",
            "e3b0",
            &empty[1..],
            &empty.to_uppercase(),
            &format!("{empty}00"),
            &"é".repeat(32),
        ] {
            assert!(
                text.parse::<Sha256>()
                    .unwrap_err()
                    .contains("64 hexadecimal digits"),
                "{text}"
            );
        }
    }

    #[test]
    fn file_digest_is_that_of_its_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for length in [0, 3, CHUNK, CHUNK + 1] {
            let bytes = vec![b'x'; length];
            fs::write(file.path(), &bytes).unwrap();
            assert_eq!(of_file(file.path()).unwrap(), sha256(&bytes));
        }
        assert!(of_file(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn measures_intact_files_only_once() {
        let mut measured = 0;
        let mut is_intact = |expected: &str| {
            is_intact(Path::new("intact_things_are_measured_once"), expected, || {
                measured += 1;
                Ok("right".to_owned())
            })
        };
        assert!(is_intact("right") && is_intact("right"));
        assert!(!is_intact("wrong") && !is_intact("wrong"));
        assert_eq!(measured, 3);
    }
}
