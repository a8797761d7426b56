//! The releases of wasmtime that `xtask/data/tools.toml` pins.

use std::str::FromStr;

use anyhow::{Error, Result, bail};

/// One of the releases, as its position among them, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release(pub usize);

/// The selected releases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Releases {
    /// The program that the user chose, else the pinned release.
    #[default]
    Chosen,
    /// This release.
    One(Release),
    /// All releases.
    All,
}

impl FromStr for Releases {
    type Err = Error;

    /// Parses `all`, a version, or an unambiguous beginning of one: `42`.
    fn from_str(text: &str) -> Result<Self> {
        if text == "all" {
            return Ok(Self::All);
        }
        let versions = versions(PINS);
        let begins = |version: &&str| *version == text || version.starts_with(&format!("{text}."));
        match versions.iter().position(begins) {
            Some(position) => Ok(Self::One(Release(position))),
            None => {
                bail!(
                    "xtask/data/tools.toml has {} and knows no `{text}`; there is also `all`",
                    versions.join(", ")
                )
            }
        }
    }
}

/// The file of all pins.
const PINS: &str = include_str!("../../../data/tools.toml");

/// Returns the version of each release in `pins`, the newest first. Only lines of two forms matter, so everyone who
/// types `cargo xtask` compiles no TOML reader for them.
fn versions(pins: &str) -> Vec<&str> {
    let mut is_wasmtime = false;
    let mut found = Vec::new();
    for line in pins.lines() {
        if line.starts_with('[') {
            is_wasmtime = ["[wasmtime]", "[[older-wasmtime]]"].contains(&line);
        }
        let version = line.strip_prefix("version = \"").filter(|_| is_wasmtime);
        found.extend(version.and_then(|rest| rest.strip_suffix('"')));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_is_named_by_version_or_prefix() {
        let versions = versions(PINS);
        let version = *versions.last().unwrap();
        let oldest = Release(versions.len() - 1);
        let major = version.split('.').next().unwrap();
        for text in [version, major] {
            assert_eq!(text.parse::<Releases>().unwrap(), Releases::One(oldest));
        }
        assert_eq!("all".parse::<Releases>().unwrap(), Releases::All);
    }

    #[test]
    fn finds_the_versions_that_toml_has() {
        let pins: toml::Table = toml::from_str(PINS).unwrap();
        let older = pins["older-wasmtime"].as_array().unwrap();
        let all = [&pins["wasmtime"]].into_iter().chain(older);
        let expected: Vec<&str> = all.map(|pin| pin["version"].as_str().unwrap()).collect();
        assert_eq!(versions(PINS), expected);
    }

    #[test]
    fn error_lists_the_pinned_versions() {
        for text in ["", "1", "49.", "newest"] {
            let error = text.parse::<Releases>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{text}`")) && error.contains("`all`"),
                "{error}"
            );
        }
    }
}
