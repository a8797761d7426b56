//! The releases of wasmtime that the component has to run on: the pinned one and the older ones of `xtask/tools.toml`.

use std::{path::PathBuf, str::FromStr};

use anyhow::{Error, Result, bail};

use super::{
    act::install,
    item::{Item, Tool},
    mention_new,
    pins::{Pins, ToolPin},
};
use crate::project::Project;

/// One of the releases: its place among them, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Release(usize);

/// Which releases something is to be run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Releases {
    /// The program that the user chose, else the pinned release.
    #[default]
    Chosen,
    /// This one.
    One(Release),
    /// All of them.
    All,
}

/// A wasmtime that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wasmtime {
    /// Its version.
    pub(crate) version: String,
    /// The program.
    pub(crate) path: PathBuf,
}

impl Release {
    /// Every release, the newest first.
    pub(super) fn all(pins: &Pins) -> Vec<Self> {
        (0..=pins.older_wasmtime.len()).map(Self).collect()
    }

    /// What is pinned of it.
    pub(super) fn pin(self, pins: &Pins) -> ToolPin {
        match self.0.checked_sub(1) {
            None => pins.wasmtime.clone(),
            Some(older) => pins.wasmtime.older(&pins.older_wasmtime[older]),
        }
    }
}

impl FromStr for Releases {
    type Err = Error;

    /// `all`, a version, or as much of its beginning as tells it from the others: `42`.
    fn from_str(text: &str) -> Result<Self> {
        if text == "all" {
            return Ok(Self::All);
        }
        let pins = Pins::load()?;
        let begins = |version: &str| version == text || version.starts_with(&format!("{text}."));
        let releases = Release::all(&pins);
        match releases.iter().find(|release| begins(&release.pin(&pins).version)) {
            Some(release) => Ok(Self::One(*release)),
            None => {
                let versions: Vec<String> =
                    releases.iter().map(|release| release.pin(&pins).version).collect();
                bail!(
                    "xtask/tools.toml has {} and knows no `{text}`; there is also `all`",
                    versions.join(", ")
                )
            }
        }
    }
}

impl Releases {
    fn items(self, pins: &Pins) -> Vec<Item> {
        match self {
            Self::Chosen => vec![Item::Tool(Tool::Wasmtime)],
            Self::One(release) => vec![Item::Wasmtime(release)],
            Self::All => Release::all(pins).into_iter().map(Item::Wasmtime).collect(),
        }
    }
}

/// The `releases`, installed if need be; the newest first.
///
/// # Errors
///
/// Names every release that could not be had.
pub(crate) fn wasmtimes(project: &Project, releases: Releases) -> Result<Vec<Wasmtime>> {
    let pieces = install(project, &releases.items(&Pins::load()?), mention_new)?;
    Ok(pieces.into_iter().map(|piece| Wasmtime { version: piece.version, path: piece.path }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_the_pinned_one() {
        let pins = Pins::load().unwrap();
        let versions: Vec<String> =
            Release::all(&pins).iter().map(|release| release.pin(&pins).version).collect();
        assert_eq!(versions[0], pins.wasmtime.version);
        let major = |version: &str| version.split('.').next().unwrap().parse::<u32>().unwrap();
        assert!(versions.windows(2).all(|pair| major(&pair[0]) > major(&pair[1])), "{versions:?}");
    }

    #[test]
    fn a_release_is_named_by_its_version_or_the_beginning_of_it() {
        let pins = Pins::load().unwrap();
        let oldest = *Release::all(&pins).last().unwrap();
        let version = oldest.pin(&pins).version;
        let major = version.split('.').next().unwrap();
        for text in [version.as_str(), major] {
            assert_eq!(text.parse::<Releases>().unwrap(), Releases::One(oldest));
        }
        assert_eq!("all".parse::<Releases>().unwrap(), Releases::All);
    }

    #[test]
    fn another_version_is_refused_with_the_list() {
        for text in ["", "1", "49.", "newest"] {
            let error = text.parse::<Releases>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("`all`"), "{error}");
        }
    }
}
