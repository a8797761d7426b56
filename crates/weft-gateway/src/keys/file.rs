//! The file of keys, which holds their digests only.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clawft_types::json::{self, JsonError, Node, Writer};
use clawft_types::{ConfigError, Secret};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use weft_agent::{Error, Fault, Home};

/// The name of the file in the home directory.
pub(super) const FILE: &str = "keys.json";

/// The file that is locked while keys are changed.
const LOCK: &str = "keys.lock";

/// The beginning of every key, by which searches for lost keys find it.
const PREFIX: &str = "sk-weft-";

/// The number of random bytes in a key.
const BYTES: usize = 32;

/// The maximum length of a name.
const LONGEST_NAME: usize = 64;

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Name, which is also the name of the directory with its sessions.
    pub name: String,
    /// SHA-256 of the key in hexadecimal digits.
    pub digest: String,
    /// Time of its creation, in seconds since 1970.
    pub created: u64,
    /// Time from which on it is refused, in seconds since 1970.
    pub expires: Option<u64>,
    /// Names of the models that it may use; a name that ends with `*` stands for all that begin so. Empty for
    /// all models.
    pub models: Vec<String>,
    /// The maximum number of requests in a minute.
    pub requests_per_minute: Option<u32>,
    /// The maximum number of tokens in a minute.
    pub tokens_per_minute: Option<u32>,
}

/// The properties of a new key.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// As in [`KeyRecord`].
    pub name: String,
    /// As in [`KeyRecord`].
    pub expires: Option<u64>,
    /// As in [`KeyRecord`].
    pub models: Vec<String>,
    /// As in [`KeyRecord`].
    pub requests_per_minute: Option<u32>,
    /// As in [`KeyRecord`].
    pub tokens_per_minute: Option<u32>,
}

impl KeyRecord {
    /// Returns whether the key may use a model by this name.
    pub fn may_use(&self, model: &str) -> bool {
        let allows = |allowed: &String| match allowed.strip_suffix('*') {
            Some(beginning) => model.starts_with(beginning),
            None => model == allowed,
        };
        self.models.is_empty() || self.models.iter().any(allows)
    }

    /// Returns whether the key has expired at `now`, in seconds since 1970.
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Writes the key as an object, with the digest only if it is to be `stored`.
    pub fn write(&self, writer: &mut Writer, stored: bool) {
        writer.object(|key| {
            key.text_member("name", &self.name);
            if stored {
                key.text_member("digest", &self.digest);
            }
            key.literal_member("created", &self.created.to_string());
            let numbers = [
                ("expires", self.expires),
                ("requests_per_minute", self.requests_per_minute.map(u64::from)),
                ("tokens_per_minute", self.tokens_per_minute.map(u64::from)),
            ];
            for (name, number) in numbers {
                if let Some(number) = number {
                    key.literal_member(name, &number.to_string());
                }
            }
            if !self.models.is_empty() {
                key.member("models", |models| {
                    models.array(&self.models, |writer, model| writer.text(model));
                });
            }
        });
    }

    fn read(node: Node<'_>) -> Result<KeyRecord, JsonError> {
        let name = node.require("name")?;
        check_name(name.text()?).map_err(|message| name.error(message))?;
        let number = |key| node.get(key).map(|number| number.whole()).transpose();
        let small = |key| {
            let value = number(key)?.map(u32::try_from).transpose();
            value.map_err(|_| node.error(format!("{key} is too large")))
        };
        let models = node.get("models").map(|models| {
            let names = models.items()?.map(|model| model.text().map(str::to_owned));
            names.collect::<Result<Vec<_>, _>>()
        });
        Ok(KeyRecord {
            name: name.text()?.to_owned(),
            digest: node.require("digest")?.text()?.to_owned(),
            created: number("created")?.unwrap_or_default(),
            expires: number("expires")?,
            models: models.transpose()?.unwrap_or_default(),
            requests_per_minute: small("requests_per_minute")?,
            tokens_per_minute: small("tokens_per_minute")?,
        })
    }
}

/// The keys in a home directory.
#[derive(Debug, Clone)]
pub struct KeyStore(Home);

impl KeyStore {
    /// Returns the keys of `home`.
    pub fn new(home: &Home) -> KeyStore {
        KeyStore(home.clone())
    }

    /// Returns the path of the file.
    pub fn path(&self) -> PathBuf {
        self.0.directory.join(FILE)
    }

    /// Returns all keys; none if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read or is invalid.
    pub fn list(&self) -> Result<Vec<KeyRecord>, Error> {
        match self.0.sessions()?.fs().read(FILE) {
            Ok(bytes) => parse(&bytes).map_err(|cause| {
                let path = self.path().display().to_string();
                Fault::Config(ConfigError { path, cause }).into()
            }),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a key. It is returned here, and nowhere else.
    ///
    /// # Errors
    /// If the name is invalid or in use, or the file cannot be written.
    pub fn add(&self, new: NewKey) -> Result<Secret, Error> {
        check_name(&new.name).map_err(Error::other)?;
        let secret = random().map_err(|error| Error::other(format!("no random numbers: {error}")))?;
        self.change(|keys| {
            if keys.iter().any(|key| key.name == new.name) {
                return Err(Error::other(format!("there is a key `{}` already", new.name)));
            }
            keys.push(KeyRecord {
                name: new.name,
                digest: hexadecimal(&digest(secret.expose())),
                created: now(),
                expires: new.expires,
                models: new.models,
                requests_per_minute: new.requests_per_minute,
                tokens_per_minute: new.tokens_per_minute,
            });
            Ok(())
        })?;
        Ok(secret)
    }

    /// Removes a key. Its sessions stay.
    ///
    /// # Errors
    /// If there is no such key, or the file cannot be written.
    pub fn revoke(&self, name: &str) -> Result<(), Error> {
        self.change(|keys| {
            let before = keys.len();
            keys.retain(|key| key.name != name);
            if keys.len() == before {
                let message = format!("there is no key `{name}`: `weft keys list` shows the existing ones");
                return Err(Error::other(message));
            }
            Ok(())
        })
    }

    /// Changes the keys under a lock, so that of two changes at the same time none is lost.
    fn change(&self, change: impl FnOnce(&mut Vec<KeyRecord>) -> Result<(), Error>) -> Result<(), Error> {
        self.0.make()?;
        let _lock = self.lock().map_err(|error| {
            let path = self.0.directory.join(LOCK);
            Error::other(format!("could not lock `{}`: {error}", path.display()))
        })?;
        let mut keys = self.list()?;
        change(&mut keys)?;
        let mut writer = Writer::default();
        writer.object(|file| {
            file.literal_member("version", "1");
            file.member("keys", |list| {
                list.array(&keys, |writer, key| key.write(writer, true));
            });
        });
        self.0.sessions()?.fs().write(FILE, &writer.into_bytes())?;
        Ok(())
    }

    fn lock(&self) -> io::Result<File> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.0.directory.join(LOCK))?;
        // Some file systems have no locks; then only changes at the same time are affected.
        let _ = file.lock();
        Ok(file)
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<KeyRecord>, JsonError> {
    let tree = json::parse(bytes)?;
    let root = Node::root(&tree);
    root.require("keys")?.items()?.map(KeyRecord::read).collect()
}

/// Checks a name, which becomes the name of a directory.
fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err("the name of a key has 1 to 64 letters, digits, `-` and `_`")
}

/// Returns the digest of a key. A key is long and random, so a slow digest would protect nothing.
pub(super) fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Returns the digits of a digest.
pub(super) fn hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn random() -> io::Result<Secret> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(Secret::new(
        [PREFIX, &BASE64_URL_SAFE_NO_PAD.encode(bytes)].concat(),
    ))
}

/// Returns the seconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(directory: &tempfile::TempDir) -> KeyStore {
        KeyStore::new(&Home {
            directory: directory.path().join("home"),
            config: directory.path().join("config.json"),
        })
    }

    fn named(name: &str) -> NewKey {
        NewKey {
            name: name.to_owned(),
            models: vec!["a/*".to_owned(), "b".to_owned()],
            tokens_per_minute: Some(7),
            ..NewKey::default()
        }
    }

    #[test]
    fn stores_digest_and_not_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        assert_eq!(store.list().unwrap(), []);
        let key = store.add(named("alice")).unwrap();
        assert!(key.expose().starts_with(PREFIX) && key.expose().len() == 51);
        let file = std::fs::read_to_string(store.path()).unwrap();
        assert!(!file.contains(key.expose()));
        let stored = store.list().unwrap().remove(0);
        assert_eq!(stored.digest, hexadecimal(&digest(key.expose())));
        assert_eq!(
            (stored.name.as_str(), stored.tokens_per_minute),
            ("alice", Some(7))
        );
        assert!(
            stored.may_use("b") && stored.may_use("a/x") && !stored.may_use("bb") && !stored.may_use("c")
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(store.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn names_are_unique_and_fit_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        store.add(named("alice")).unwrap();
        assert!(store.add(named("alice")).is_err());
        for name in ["", "..", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(store.add(named(name)).is_err(), "{name}");
        }
        store.revoke("alice").unwrap();
        assert!(store.revoke("alice").is_err());
        assert_eq!(store.list().unwrap(), []);
    }

    #[test]
    fn simultaneous_additions_are_all_kept() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let store = &store;
                scope.spawn(move || store.add(named(&format!("k{number}"))).unwrap());
            }
        });
        assert_eq!(store.list().unwrap().len(), 8);
    }

    #[test]
    fn expires_at_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        let new = NewKey {
            expires: Some(10),
            ..named("alice")
        };
        store.add(new).unwrap();
        let key = store.list().unwrap().remove(0);
        assert!(!key.is_expired(9) && key.is_expired(10));
    }
}
