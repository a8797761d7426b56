//! The keys in a file, `keys.json`.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    time::UNIX_EPOCH,
};

use clawft_types::{
    ConfigError,
    json::{self, JsonError, Node, Writer},
};
use weft_agent::{Error, Fault, Home};

use crate::key_record::KeyRecord;

/// The name of the file in the home directory.
const FILE: &str = "keys.json";

/// The file that is locked while keys are changed.
const LOCK: &str = "keys.lock";

/// The keys in a home directory.
#[derive(Debug, Clone)]
pub(super) struct KeyFile(Home);

impl KeyFile {
    /// Returns the keys of `home`.
    pub(super) fn new(home: &Home) -> KeyFile {
        KeyFile(home.clone())
    }

    fn path(&self) -> PathBuf {
        self.0.directory.join(FILE)
    }

    /// Returns a number that changes with the file: its time, or 0 if there is none.
    pub(super) fn version(&self) -> u64 {
        let modified = fs::metadata(self.path()).and_then(|found| found.modified());
        let since = modified
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Returns all keys; none if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read or is invalid.
    pub(super) fn list(&self) -> Result<Vec<KeyRecord>, Error> {
        match self.0.sessions()?.fs().read(FILE) {
            Ok(bytes) => parse(&bytes).map_err(|cause| {
                let path = self.path().display().to_string();
                Fault::Config(ConfigError { path, cause }).into()
            }),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds a key. Returns false if there is one of its name.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(super) fn add(&self, key: KeyRecord) -> Result<bool, Error> {
        self.change(|keys| {
            let new = keys.iter().all(|known| known.name != key.name);
            if new {
                keys.push(key);
            }
            new
        })
    }

    /// Removes a key. Returns whether there was one.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(super) fn revoke(&self, name: &str) -> Result<bool, Error> {
        self.change(|keys| {
            let before = keys.len();
            keys.retain(|key| key.name != name);
            keys.len() < before
        })
    }

    /// Changes the keys under a lock, so that of two changes at the same time none is lost. Writes them if
    /// `change` returns true.
    fn change(&self, change: impl FnOnce(&mut Vec<KeyRecord>) -> bool) -> Result<bool, Error> {
        self.0.make()?;
        let _lock = self.lock().map_err(|error| {
            let path = self.0.directory.join(LOCK);
            Error::other(format!("could not lock `{}`: {error}", path.display()))
        })?;
        let mut keys = self.list()?;
        if !change(&mut keys) {
            return Ok(false);
        }
        let mut writer = Writer::default();
        writer.object(|file| {
            file.literal_member("version", "1");
            file.member("keys", |list| {
                list.array(&keys, |writer, key| key.write(writer, true));
            });
        });
        self.0.sessions()?.fs().write(FILE, &writer.into_bytes())?;
        Ok(true)
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

#[cfg(test)]
mod tests {
    use clawft_types::Secret;

    use super::*;
    use crate::key_record::NewKey;

    fn file(directory: &tempfile::TempDir) -> KeyFile {
        KeyFile::new(&Home {
            directory: directory.path().join("home"),
            config: directory.path().join("config.json"),
        })
    }

    fn key(name: &str) -> (KeyRecord, Secret) {
        let new = NewKey {
            name: name.to_owned(),
            models: vec!["a/*".to_owned(), "b".to_owned()],
            tokens_per_minute: Some(7),
            ..NewKey::default()
        };
        new.make().unwrap()
    }

    #[test]
    fn stores_digest_and_not_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(&directory);
        assert_eq!((file.list().unwrap(), file.version()), (Vec::new(), 0));
        let (record, secret) = key("alice");
        assert!(file.add(record.clone()).unwrap());
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(secret.expose()));
        assert_eq!(file.list().unwrap(), [record]);
        assert_ne!(file.version(), 0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(file.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn names_of_keys_are_unique() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(&directory);
        assert!(file.add(key("alice").0).unwrap());
        assert!(!file.add(key("alice").0).unwrap());
        assert!(file.revoke("alice").unwrap());
        assert!(!file.revoke("alice").unwrap());
        assert_eq!(file.list().unwrap(), []);
    }

    #[test]
    fn simultaneous_additions_are_all_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(&directory);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let file = &file;
                scope.spawn(move || assert!(file.add(key(&format!("k{number}")).0).unwrap()));
            }
        });
        assert_eq!(file.list().unwrap().len(), 8);
    }
}
