//! The releases of wasmtime that the component must run on: the pinned one and the older ones in
//! `xtask/data/tools.toml`.

use std::path::PathBuf;

use anyhow::Result;
use devkit::project::Project;
use flags::values::Releases;

use super::{
    execute::{install, mention_new},
    item::{Item, Tool},
    pins::Pins,
};

/// An installed wasmtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wasmtime {
    /// Version.
    pub version: String,
    /// Path of the program.
    pub path: PathBuf,
}

fn items(releases: Releases, pins: &Pins) -> Vec<Item> {
    match releases {
        Releases::Chosen => vec![Item::Tool(Tool::Wasmtime)],
        Releases::One(release) => vec![Item::Wasmtime(release)],
        Releases::All => pins.releases().map(Item::Wasmtime).collect(),
    }
}

/// Returns the `releases`, the newest first. Missing ones are installed.
///
/// # Errors
///
/// Names every release that could not be installed.
pub fn wasmtimes(project: &Project, releases: Releases) -> Result<Vec<Wasmtime>> {
    let installations = install(project, &items(releases, &Pins::load()?), mention_new)?;
    Ok(installations
        .into_iter()
        .map(|installation| Wasmtime {
            version: installation.version,
            path: installation.path,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_release_is_the_pinned_one() {
        let pins = Pins::load().unwrap();
        let versions: Vec<String> = pins
            .releases()
            .map(|release| pins.wasmtime(release).version)
            .collect();
        assert_eq!(versions[0], pins.wasmtime.version);
        let major = |version: &str| version.split('.').next().unwrap().parse::<u32>().unwrap();
        assert!(
            versions.windows(2).all(|pair| major(&pair[0]) > major(&pair[1])),
            "{versions:?}"
        );
    }

    #[test]
    fn each_version_names_one_release() {
        let pins = Pins::load().unwrap();
        for release in pins.releases() {
            let version = pins.wasmtime(release).version;
            assert_eq!(
                version.parse::<Releases>().unwrap(),
                Releases::One(release),
                "{version}"
            );
        }
    }
}
