//! The token that clients send: its origin, and its comparison.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clawft_store::FsFault;
use clawft_types::Secret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use weft_agent::{home, warnings::SHORTEST_TOKEN};

/// The file in the home directory with a generated token.
pub(super) const FILE: &str = "gateway-token";

/// The number of random bytes in a generated token.
const BYTES: usize = 32;

/// The maximum number of bytes that are read of the file: a token is far shorter.
const MAX_FILE_BYTES: u64 = 4096;

/// A token to compare others with.
///
/// It is stored as its digest: two digests have the same length, so that comparing them reveals nothing about
/// the token's length.
#[derive(Clone)]
pub(super) struct Token([u8; 32]);

impl Token {
    /// Returns the token `secret`.
    pub(super) fn new(secret: &Secret) -> Token {
        Token(digest(secret.expose()))
    }

    /// Returns whether `offered` is this token, in the same time whatever the difference is.
    pub(super) fn matches(&self, offered: &str) -> bool {
        self.0.ct_eq(&digest(offered)).into()
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A token from [`FILE`].
#[derive(Debug)]
pub(super) struct Stored {
    /// The token.
    pub(super) secret: Secret,
    /// The file.
    pub(super) path: PathBuf,
    /// Whether it was generated now.
    pub(super) new: bool,
}

/// Returns the token in the directory `home`. If there is none, generates one: 32 random bytes in a file that
/// only its owner can read.
///
/// # Errors
/// If the file can be neither read nor made, or holds no valid token; with its path.
pub(super) fn stored(home: &Path) -> io::Result<Stored> {
    let path = home.join(FILE);
    let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
    let (secret, new) = read_or_make(&path).map_err(named)?;
    Ok(Stored { secret, path, new })
}

/// Reads the file, which may be read-only. Generates a token if the file is missing or empty.
fn read_or_make(path: &Path) -> io::Result<(Secret, bool)> {
    // A file with a token need not be writable.
    match home::check_regular(path) {
        Ok(()) | Err(FsFault::NotFound) => {}
        Err(fault) => return Err(io::Error::other(fault.to_string())),
    }
    match File::open(path).and_then(|file| text(&file)) {
        Ok(text) if !text.trim().is_empty() => parse(&text).map(|secret| (secret, false)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => make(path),
    }
}

/// Writes a new token into the file, unless it has one by now. The file is locked, so that of two gateways
/// that start at the same time neither overwrites the other's token.
fn make(path: &Path) -> io::Result<(Secret, bool)> {
    let mut file = open(path)?;
    // Some file systems have no locks; then only gateways that start at the same time are affected.
    let _ = file.lock();
    let text = text(&file)?;
    if !text.trim().is_empty() {
        return parse(&text).map(|secret| (secret, false));
    }
    let secret = random()?;
    if let Err(error) = write(&mut file, &secret) {
        // Half a token would be an error at every start.
        let _ = file.set_len(0);
        return Err(error);
    }
    Ok((secret, true))
}

fn text(file: &File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Opens the file. If it does not exist, makes it for its owner only.
fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(file: &mut File, secret: &Secret) -> io::Result<()> {
    // An empty file that the user made may be readable by others.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", secret.expose())?;
    file.sync_all()
}

fn random() -> io::Result<Secret> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

fn parse(text: &str) -> io::Result<Secret> {
    let token = text.trim();
    // The user may have put a token there; an invalid one is a file that was not written completely.
    if token.len() < SHORTEST_TOKEN || token.bytes().any(|byte| !byte.is_ascii_graphic()) {
        let words = format!(
            "holds no token of at least {SHORTEST_TOKEN} visible characters: remove the file, and a new token is generated"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_matches_itself_only() {
        let token = Token::new(&Secret::new("a-token"));
        assert!(token.matches("a-token"));
        for other in ["", "a-toke", "a-token ", "A-token", "a-tokens"] {
            assert!(!token.matches(other), "{other}");
        }
    }

    #[test]
    fn generates_token_once_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().join("home");
        let made = stored(&home).unwrap();
        assert!(made.new);
        assert_eq!(
            made.secret.expose().len(),
            43,
            "32 bytes in base64 without padding"
        );
        let again = stored(&home).unwrap();
        assert_eq!(
            (again.secret, again.new, again.path),
            (made.secret, false, home.join(FILE))
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(home.join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn replaces_file_that_is_empty() {
        for empty in ["", " \n\n"] {
            let home = tempfile::tempdir().unwrap();
            fs::write(home.path().join(FILE), empty).unwrap();
            let made = stored(home.path()).unwrap();
            assert!(made.new && made.secret.expose().len() == 43);
            assert_eq!(
                fs::read_to_string(&made.path).unwrap(),
                format!("{}\n", made.secret.expose())
            );
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                assert_eq!(
                    fs::metadata(&made.path).unwrap().permissions().mode() & 0o777,
                    0o600
                );
            }
        }
    }

    #[test]
    fn simultaneous_starts_share_one_token() {
        let home = tempfile::tempdir().unwrap();
        let tokens = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| stored(home.path()).unwrap()))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(tokens.iter().all(|token| token.secret == tokens[0].secret));
        assert_eq!(tokens.iter().filter(|token| token.new).count(), 1);
    }

    #[test]
    fn each_home_has_its_own_token() {
        let [one, other] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        assert_ne!(
            stored(one.path()).unwrap().secret,
            stored(other.path()).unwrap().secret
        );
    }

    #[test]
    fn names_file_without_token() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(FILE), "short\n").unwrap();
        let error = stored(home.path()).unwrap_err().to_string();
        assert!(
            error.contains(FILE) && error.contains("remove the file") && !error.contains("short"),
            "{error}"
        );
    }
}
