//! `xtask/data/coverage.toml` as closed types.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The content of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Floors {
    /// The packages whose tests run and whose files are measured.
    pub(super) packages: Vec<String>,
    #[serde(rename = "group")]
    pub(super) groups: Vec<Floor>,
    pub(super) elsewhere: Vec<UnmeasuredFile>,
}

/// A group of files and the minimum share of its lines that the tests must run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Floor {
    pub(super) name: String,
    /// The prefixes of its files' paths, relative to the workspace's root.
    pub(super) prefixes: Vec<String>,
    /// Minimum in percent of the lines.
    pub(super) floor: u64,
}

/// A file that the native build leaves out, or all files of a directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnmeasuredFile {
    /// A directory's ends with a slash.
    pub(super) path: String,
    /// The command that runs it instead, for people.
    pub(super) run_by: String,
}

impl Floors {
    /// Reads the file, which is compiled in.
    pub(super) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../../data/coverage.toml"))
            .context("could not parse xtask/data/coverage.toml")
    }

    /// Returns whether the file at `path` is measured. Test modules are not: they are `tests.rs` or below
    /// `tests/`.
    pub(super) fn measures(&self, path: &str) -> bool {
        let in_package = |package: &String| {
            let directory = match package.as_str() {
                "xtask" => "",
                _ if path.starts_with("crates/") => "crates/",
                _ => "xtask/",
            };
            path.starts_with(&format!("{directory}{package}/src/"))
        };
        self.packages.iter().any(in_package) && !path.ends_with("/tests.rs") && !path.contains("/tests/")
    }

    /// Returns whether the native build leaves out the file at `path`.
    pub(super) fn is_unmeasured(&self, path: &str) -> bool {
        let holds = |file: &UnmeasuredFile| {
            file.path == path || (file.path.ends_with('/') && path.starts_with(&file.path))
        };
        self.elsewhere.iter().any(holds)
    }

    /// Returns the index of the group of `path`: the one with the longest prefix.
    pub(super) fn group_of(&self, path: &str) -> Option<usize> {
        let fits = |floor: &Floor| {
            let fitting = floor
                .prefixes
                .iter()
                .filter(|prefix| path.starts_with(prefix.as_str()));
            fitting.map(String::len).max()
        };
        let fitting = self
            .groups
            .iter()
            .enumerate()
            .filter_map(|(at, floor)| Some((fits(floor)?, at)));
        fitting.max().map(|(_, at)| at)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn file_names_existing_sources() {
        let floors = Floors::load().unwrap();
        let root = devkit::project::root().unwrap();
        for file in &floors.elsewhere {
            let path = root.join(&file.path);
            assert!(
                path.is_file() || (file.path.ends_with('/') && path.is_dir()),
                "{}",
                file.path
            );
        }
        assert!(floors.groups.iter().all(|group| (1..=100).contains(&group.floor)));
    }

    #[test]
    fn every_source_of_the_packages_is_listed() {
        let floors = Floors::load().unwrap();
        let root = devkit::project::root().unwrap();
        let shell = xshell::Shell::new().unwrap();
        shell.change_dir(&root);
        let files = devkit::revision::files(&shell, &root).unwrap();
        let sources: Vec<String> = files
            .iter()
            .filter_map(|path| Some(path.to_str()?.replace('\\', "/")))
            .filter(|path| path.ends_with(".rs") && floors.measures(path))
            .collect();
        let unlisted: Vec<&String> = sources
            .iter()
            .filter(|path| floors.group_of(path).is_none() && !floors.is_unmeasured(path))
            .collect();
        assert!(unlisted.is_empty(), "in no group of coverage.toml: {unlisted:?}");
        for prefix in floors.groups.iter().flat_map(|group| &group.prefixes) {
            let fits = |path: &String| path.starts_with(prefix.as_str());
            assert!(sources.iter().any(fits), "no source begins with {prefix}");
        }
    }

    #[test]
    fn directory_stands_for_all_of_its_files() {
        let text = "packages = []\ngroup = []\nelsewhere = [{ path = 'src/raw/', run_by = 'a smoke test' }]";
        let floors: Floors = toml::from_str(text).unwrap();
        assert!(floors.is_unmeasured("src/raw/a/b.rs"));
        assert!(!floors.is_unmeasured("src/raw.rs"));
    }

    #[test]
    fn longest_prefix_decides_the_group() {
        let group = |name: &str, prefix: &str| {
            format!("[[group]]\nname = '{name}'\nprefixes = ['{prefix}']\nfloor = 90\n")
        };
        let text = [
            "packages = []\nelsewhere = []\n",
            &group("all", "src/"),
            &group("http", "src/http"),
        ]
        .concat();
        let floors: Floors = toml::from_str(&text).unwrap();
        assert_eq!(floors.group_of("src/http/url.rs"), Some(1));
        assert_eq!(floors.group_of("src/lib.rs"), Some(0));
        assert_eq!(floors.group_of("tests/lib.rs"), None);
    }
}
