//! The releases of wasmtime that the component has to run on: the pinned one and the older ones of `xtask/tools.toml`.

use std::path::PathBuf;

use anyhow::Result;
use devkit::project::Project;

use super::{
    execute::{install, mention_new},
    item::{Item, Tool},
    pins::Pins,
};
use flags::values::Releases;

/// A wasmtime that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wasmtime {
    /// Its version.
    pub version: String,
    /// The program.
    pub path: PathBuf,
}

fn items(releases: Releases, pins: &Pins) -> Vec<Item> {
    match releases {
        Releases::Chosen => vec![Item::Tool(Tool::Wasmtime)],
        Releases::One(release) => vec![Item::Wasmtime(release)],
        Releases::All => pins.releases().map(Item::Wasmtime).collect(),
    }
}

/// The `releases`, installed if need be; the newest first.
///
/// # Errors
///
/// Names every release that could not be had.
pub fn wasmtimes(project: &Project, releases: Releases) -> Result<Vec<Wasmtime>> {
    let pieces = install(project, &items(releases, &Pins::load()?), mention_new)?;
    Ok(pieces.into_iter().map(|piece| Wasmtime { version: piece.version, path: piece.path }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_the_pinned_one() {
        let pins = Pins::load().unwrap();
        let versions: Vec<String> = pins.releases().map(|release| pins.wasmtime(release).version).collect();
        assert_eq!(versions[0], pins.wasmtime.version);
        let major = |version: &str| version.split('.').next().unwrap().parse::<u32>().unwrap();
        assert!(versions.windows(2).all(|pair| major(&pair[0]) > major(&pair[1])), "{versions:?}");
    }

    #[test]
    fn each_version_names_its_own_release() {
        let pins = Pins::load().unwrap();
        for release in pins.releases() {
            let version = pins.wasmtime(release).version;
            assert_eq!(version.parse::<Releases>().unwrap(), Releases::One(release), "{version}");
        }
    }
}
