//! Digests, and references to images by them.

use std::{fmt, str::FromStr};

use devkit::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::cli::values::ImageName;

/// The SHA-256 of something in a registry: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest(String);

/// An image that can't change: `name@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Where it is.
    pub(crate) name: ImageName,
    /// Which it is.
    pub(crate) digest: Digest,
}

impl Digest {
    /// The digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", digest::sha256(bytes)))
    }

    /// The 64 digits without the name of the algorithm: what its file in a layout is called.
    pub(crate) fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != 64 || !digits.bytes().all(is_hex) {
            return Err(format!("`{text}` is no digest: that is `sha256:` and 64 hexadecimal digits"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Reference {
    /// The image called `name` that has `digest`.
    pub(crate) fn new(name: &ImageName, digest: &Digest) -> Self {
        Self { name: name.clone(), digest: digest.clone() }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, digest) =
            text.split_once('@').ok_or_else(|| format!("`{text}` is not of the form `name@sha256:…`"))?;
        Ok(Self { name: name.parse()?, digest: digest.parse()? })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.digest)
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused<T: FromStr<Err = String>>(text: &str) -> String {
        text.parse::<T>().err().unwrap_or_else(|| panic!("`{text}` was taken"))
    }

    #[test]
    fn digests_are_checked() {
        let digest = Digest::of(b"");
        assert_eq!(
            digest.to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
        assert_eq!(digest.hex().len(), 64);
        for text in ["", "sha256:", "sha256:e3b0", "sha512:00", &digest.to_string().to_uppercase()] {
            assert!(refused::<Digest>(text).contains("64 hexadecimal digits"), "{text}");
        }
    }

    #[test]
    fn a_reference_is_read_as_it_is_written() {
        let reference = Reference::new(&"localhost:5000/clawft".parse().unwrap(), &Digest::of(b"x"));
        assert_eq!(reference.to_string().parse(), Ok(reference));
        assert!(refused::<Reference>("ghcr.io/clawft:latest").contains("name@sha256:"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".*") {
            let _ = (text.parse::<Digest>(), text.parse::<Reference>());
        }
    }
}
