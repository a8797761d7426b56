//! The releases of wasmtime that the component has to run on: the pinned one and the older ones of `xtask/tools.toml`.

use std::path::PathBuf;

use anyhow::Result;
use devkit::project::Project;

use super::{
    act::install,
    item::{Item, Tool},
    mention_new,
    pins::{Pins, ToolPin},
};
pub(crate) use crate::cli::values::{Release, Releases};

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
    fn each_version_names_its_own_release() {
        let pins = Pins::load().unwrap();
        for release in Release::all(&pins) {
            let version = release.pin(&pins).version;
            assert_eq!(version.parse::<Releases>().unwrap(), Releases::One(release), "{version}");
        }
    }
}
