//! `xtask/coverage.toml` as closed types.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Floors {
    /// Whose tests run, and whose files are measured.
    pub(super) packages: Vec<String>,
    #[serde(rename = "group")]
    pub(super) groups: Vec<Floor>,
    pub(super) elsewhere: Vec<Elsewhere>,
}

/// A group of files and how much of it the tests have to run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Floor {
    pub(super) name: String,
    /// What the paths of its files begin with, from the workspace's root.
    pub(super) prefixes: Vec<String>,
    /// In percent of the lines.
    pub(super) floor: u64,
}

/// A file that the native build leaves out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Elsewhere {
    pub(super) path: String,
    /// What runs it instead, in words.
    pub(super) run_by: String,
}

impl Floors {
    /// Reads the file that was compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../../coverage.toml")).context("bad xtask/coverage.toml")
    }

    /// Whether the file at `path` is one of those that are measured. Modules of tests are not: they are `tests.rs` or below
    /// `tests/`.
    pub(super) fn measures(&self, path: &str) -> bool {
        let ours = self.packages.iter().any(|package| path.starts_with(&format!("crates/{package}/src/")));
        ours && !path.ends_with("/tests.rs") && !path.contains("/tests/")
    }

    /// Whether the native build leaves the file at `path` out.
    pub(super) fn is_elsewhere(&self, path: &str) -> bool {
        self.elsewhere.iter().any(|elsewhere| elsewhere.path == path)
    }

    /// The group that `path` belongs to, as its place in the file: the one with the longest prefix.
    pub(super) fn group_of(&self, path: &str) -> Option<usize> {
        let fits = |floor: &Floor| {
            let fitting = floor.prefixes.iter().filter(|prefix| path.starts_with(prefix.as_str()));
            fitting.map(String::len).max()
        };
        let fitting = self.groups.iter().enumerate().filter_map(|(at, floor)| Some((fits(floor)?, at)));
        fitting.max().map(|(_, at)| at)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_file_speaks_of_what_there_is() {
        let floors = Floors::load().unwrap();
        let root = devkit::project::root().unwrap();
        for elsewhere in &floors.elsewhere {
            assert!(root.join(&elsewhere.path).is_file(), "{}", elsewhere.path);
        }
        assert!(floors.groups.iter().all(|group| (1..=100).contains(&group.floor)));
    }

    #[test]
    fn the_longest_prefix_decides() {
        let group = |name: &str, prefix: &str| {
            format!("[[group]]\nname = '{name}'\nprefixes = ['{prefix}']\nfloor = 90\n")
        };
        let text =
            ["packages = []\nelsewhere = []\n", &group("all", "src/"), &group("http", "src/http")].concat();
        let floors: Floors = toml::from_str(&text).unwrap();
        assert_eq!(floors.group_of("src/http/url.rs"), Some(1));
        assert_eq!(floors.group_of("src/lib.rs"), Some(0));
        assert_eq!(floors.group_of("tests/lib.rs"), None);
    }
}
