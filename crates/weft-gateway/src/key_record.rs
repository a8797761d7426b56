//! A key as it is stored: with its digest only.

use std::{
    fmt::Write as _,
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clawft_types::{
    Secret,
    json::{JsonError, Node, Writer},
};
use sha2::{Digest as _, Sha256};
use weft_agent::Error;

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

    /// Reads what [`Self::write`] has written.
    pub(crate) fn read(node: Node<'_>) -> Result<KeyRecord, JsonError> {
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

impl NewKey {
    /// Makes the key. It is returned here, and nowhere else.
    ///
    /// # Errors
    /// If the name is invalid, or the system has no random numbers.
    pub(crate) fn make(self) -> Result<(KeyRecord, Secret), Error> {
        check_name(&self.name).map_err(Error::other)?;
        let secret = random().map_err(|error| Error::other(format!("no random numbers: {error}")))?;
        let record = KeyRecord {
            name: self.name,
            digest: hexadecimal(&digest(secret.expose())),
            created: now(),
            expires: self.expires,
            models: self.models,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
        };
        Ok((record, secret))
    }
}

/// Checks a name, which becomes the name of a directory.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err("the name of a key has 1 to 64 letters, digits, `-` and `_`")
}

/// Returns the digest of a key. A key is long and random, so a slow digest would protect nothing.
pub(crate) fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Returns the digits of a digest.
pub(crate) fn hexadecimal(digest: &[u8; 32]) -> String {
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
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> NewKey {
        NewKey {
            name: name.to_owned(),
            models: vec!["a/*".to_owned(), "b".to_owned()],
            ..NewKey::default()
        }
    }

    #[test]
    fn record_holds_digest_and_not_the_key() {
        let (record, key) = named("alice").make().unwrap();
        assert!(key.expose().starts_with(PREFIX) && key.expose().len() == 51);
        assert_eq!(record.digest, hexadecimal(&digest(key.expose())));
        assert!(
            record.may_use("b") && record.may_use("a/x") && !record.may_use("bb") && !record.may_use("c")
        );
    }

    #[test]
    fn names_fit_a_directory() {
        for name in ["", "..", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(named(name).make().is_err(), "{name}");
        }
    }

    #[test]
    fn expires_at_its_time() {
        let new = NewKey {
            expires: Some(10),
            ..named("alice")
        };
        let (key, _) = new.make().unwrap();
        assert!(!key.is_expired(9) && key.is_expired(10));
    }
}
