//! The releases of wasmtime that `xtask/tools.toml` pins.

use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};
use serde::Deserialize;

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
        let versions = versions()?;
        let begins = |version: &String| version == text || version.starts_with(&format!("{text}."));
        match versions.iter().position(begins) {
            Some(position) => Ok(Self::One(Release(position))),
            None => {
                bail!(
                    "xtask/tools.toml has {} and knows no `{text}`; there is also `all`",
                    versions.join(", ")
                )
            }
        }
    }
}

/// Reads the version of each release, the newest first.
fn versions() -> Result<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Pins {
        wasmtime: Pin,
        older_wasmtime: Vec<Pin>,
    }
    #[derive(Deserialize)]
    struct Pin {
        version: String,
    }
    let pins: Pins =
        toml::from_str(include_str!("../../../tools.toml")).context("could not parse xtask/tools.toml")?;
    Ok([pins.wasmtime]
        .into_iter()
        .chain(pins.older_wasmtime)
        .map(|pin| pin.version)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_is_named_by_version_or_prefix() {
        let versions = versions().unwrap();
        let (version, oldest) = (versions.last().unwrap(), Release(versions.len() - 1));
        let major = version.split('.').next().unwrap();
        for text in [version, major] {
            assert_eq!(text.parse::<Releases>().unwrap(), Releases::One(oldest));
        }
        assert_eq!("all".parse::<Releases>().unwrap(), Releases::All);
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
