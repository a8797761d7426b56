//! Image names and tags. Invalid names are rejected here, before anything is built.

use std::{fmt, str::FromStr};

use serde_core::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The registry of images whose name has none.
const DEFAULT_REGISTRY: &str = "docker.io";

/// The maximum length of a name in a registry.
const LONGEST_NAME: usize = 255;

/// The maximum length of a tag in a registry.
const LONGEST_TAG: usize = 128;

/// An image name without tag and digest: a registry and a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    registry: String,
    repository: String,
}

/// A tag, which can be moved to another image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag(String);

impl ImageName {
    /// Returns the registry, such as `localhost:5000`; `docker.io` if the name has none.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the repository in the registry, such as `clawft/clawft`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The name with `suffix` at its end: another repository beside this one.
    ///
    /// # Errors
    /// Fails if the name gets too long for a registry.
    pub fn with_suffix(&self, suffix: &str) -> Result<Self, String> {
        format!("{self}{suffix}").parse()
    }
}

/// Returns the registry's name without its port.
fn host(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    }
}

impl FromStr for ImageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| format!("`{text}` is not an image name: {why}");
        if text.contains('@') {
            return Err(refuse("it has a digest, and which one it gets is not yet known"));
        }
        // Docker's rule: the first part is a registry if it cannot be a user name.
        let is_registry = |first: &str| first.contains(['.', ':']) || first == "localhost";
        let (registry, repository) = match text.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest.to_owned()),
            Some(_) => (DEFAULT_REGISTRY, text.to_owned()),
            None => (DEFAULT_REGISTRY, format!("library/{text}")),
        };
        if repository.contains(':') {
            return Err(refuse("it has a tag; give that with `--tag`"));
        }
        if !is_host(registry) {
            return Err(refuse(
                "what is before the first `/` is not a host, or its port is not a number",
            ));
        }
        if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refuse("registries take lower case only"));
        }
        if !repository.split('/').all(is_component) {
            return Err(refuse(
                "between slashes go letters and digits, with single `.`, `_`, `__` or dashes between them",
            ));
        }
        let name = Self {
            registry: registry.to_owned(),
            repository,
        };
        if name.to_string().len() > LONGEST_NAME {
            return Err(refuse("it is longer than 255 characters"));
        }
        Ok(name)
    }
}

/// Returns whether `text` is a host: `ghcr.io`, `localhost:5000`, `[::1]:5000`.
fn is_host(text: &str) -> bool {
    let host = host(text);
    let port = text[host.len()..].strip_prefix(':');
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_known = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    is_known && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Returns whether `text` is a part of a repository's path: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(is_word).filter(|separator| !separator.is_empty());
    let known =
        |separator: &str| matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
    text.starts_with(is_word) && text.ends_with(is_word) && separators.into_iter().all(known)
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

impl Tag {
    /// Returns the tag nearest to `text`: invalid characters become dashes.
    pub fn nearest(text: &str) -> Result<Self, String> {
        let plain = |c: char| if is_tag_character(c) { c } else { '-' };
        let tag: String = text
            .trim_start_matches(['.', '-'])
            .chars()
            .map(plain)
            .take(LONGEST_TAG)
            .collect();
        tag.parse()
    }
}

fn is_tag_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{text}` is no tag: {why}"));
        match text {
            "" => refuse("it is empty"),
            _ if text.len() > LONGEST_TAG => refuse("it is longer than 128 characters"),
            _ if text.starts_with(['.', '-']) => refuse("it begins with a dot or a dash"),
            _ if !text.chars().all(is_tag_character) => {
                refuse("a tag has letters, digits, `_`, `.` and `-` only")
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Serialize for ImageName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImageName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
