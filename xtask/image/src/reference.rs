//! Names of images: digests, references by digest, and the name of our own repository.

use std::{env, fmt, str::FromStr};

use anyhow::{Context as _, anyhow};
use builds::digest::Sha256;
use flags::values::ImageName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A digest in a registry: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(Sha256);

/// An immutable reference to an image: `name@digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry and the repository.
    pub name: ImageName,
    /// The digest of the image.
    pub digest: Digest,
}

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::of(bytes))
    }

    /// Returns the 64 digits, which are the name of the blob's file in a layout.
    pub fn hex(self) -> String {
        self.0.to_string()
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sha256 = text
            .strip_prefix("sha256:")
            .and_then(|digits| digits.parse().ok());
        sha256
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no digest: that is `sha256:` and 64 hexadecimal digits"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Reference {
    /// Returns the reference to the image in the repository `name` with this digest.
    pub fn new(name: &ImageName, digest: &Digest) -> Self {
        Self {
            name: name.clone(),
            digest: *digest,
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, digest) = text
            .split_once('@')
            .ok_or_else(|| format!("`{text}` is not of the form `name@sha256:…`"))?;
        Ok(Self {
            name: name.parse()?,
            digest: digest.parse()?,
        })
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

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// Returns the name in the flags, else that of the repository: in a workflow the one that it runs for, such as a fork.
///
/// # Errors
/// Fails if no name is given and the repository is not on GitHub.
pub fn image_name(chosen: Option<&ImageName>) -> anyhow::Result<ImageName> {
    match chosen {
        Some(image) => Ok(image.clone()),
        None => default_image(&repository(env!("CARGO_PKG_REPOSITORY"))),
    }
}

/// Returns the address of the repository on GitHub that a workflow runs for, else `own`.
pub fn repository(own: &str) -> String {
    let named = env::var("GITHUB_REPOSITORY").ok().filter(|name| !name.is_empty());
    named.map_or_else(|| own.to_owned(), |name| format!("https://github.com/{name}"))
}

/// Returns the image of a repository on GitHub: `ghcr.io/<organisation>/clawft`.
fn default_image(repository: &str) -> anyhow::Result<ImageName> {
    let path = repository
        .strip_prefix("https://github.com/")
        .and_then(|path| path.split_once('/'));
    let (organisation, _) =
        path.with_context(|| format!("`{repository}` is not on GitHub, so name the image with `--image`"))?;
    let name = format!("ghcr.io/{}/clawft", organisation.to_ascii_lowercase());
    name.parse()
        .map_err(|error: String| anyhow!("{error}: name the image with `--image`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused<T: FromStr<Err = String>>(text: &str) -> String {
        text.parse::<T>()
            .err()
            .unwrap_or_else(|| panic!("`{text}` was taken"))
    }

    #[test]
    fn refuses_texts_that_are_no_digest() {
        let digest = Digest::of(b"");
        assert_eq!(
            digest.to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.hex().len(), 64);
        for text in [
            "",
            "sha256:",
            "sha256:e3b0",
            "sha512:00",
            &digest.to_string().to_uppercase(),
        ] {
            assert!(
                refused::<Digest>(text).contains("64 hexadecimal digits"),
                "{text}"
            );
        }
    }

    #[test]
    fn reads_references_as_written() {
        let reference = Reference::new(&"localhost:5000/clawft".parse().unwrap(), &Digest::of(b"x"));
        assert_eq!(reference.to_string().parse(), Ok(reference));
        assert!(refused::<Reference>("ghcr.io/clawft:latest").contains("name@sha256:"));
    }

    #[test]
    fn names_the_image_after_the_repository() {
        let image = default_image("https://github.com/Clawft/agent").unwrap();
        assert_eq!(image.to_string(), "ghcr.io/clawft/clawft");
        assert!(
            default_image("https://example.org/clawft")
                .unwrap_err()
                .to_string()
                .contains("`--image`")
        );
    }

    proptest! {
        #[test]
        fn parses_any_text_without_panic(text in ".*") {
            let _ = (text.parse::<Digest>(), text.parse::<Reference>());
        }
    }
}
