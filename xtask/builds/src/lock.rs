//! `Cargo.lock`: packages and their dependencies.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::files;

/// The part of the file that lists packages and their dependencies.
#[derive(Debug, Deserialize)]
pub struct Lock {
    #[serde(rename = "package")]
    /// All packages, sorted by name.
    pub packages: Vec<Locked>,
}

/// A package.
#[derive(Debug, Deserialize)]
pub struct Locked {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The SHA-256 digest from the registry; packages of the workspace have none.
    pub checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads the lock file of the workspace at `root`.
    ///
    /// # Errors
    /// Fails if there is none, or if it is invalid.
    pub fn of(root: &Path) -> Result<Self> {
        Self::parse(&files::read_text(&root.join("Cargo.lock"))?)
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// Fails if the text is invalid.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("could not understand `Cargo.lock`")
    }

    /// Returns all dependencies of `package`, on any system and with any feature: name, version and checksum,
    /// in order.
    pub(crate) fn closure(&self, package: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![package];
        while let Some(wanted) = open.pop() {
            // `name`, or `name version` if there are several packages of that name.
            let (name, version) = wanted.split_once(' ').unwrap_or((wanted, ""));
            let is_wanted = |it: &&Locked| it.name == name && (version.is_empty() || it.version == version);
            for Locked {
                name,
                version,
                checksum,
                dependencies,
            } in self.packages.iter().filter(is_wanted)
            {
                if found.insert(format!(
                    "{name} {version} {}",
                    checksum.as_deref().unwrap_or_default()
                )) {
                    open.extend(dependencies.iter().map(String::as_str));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closure_holds_indirect_dependencies() {
        let text = r#"
            [[package]]
            name = "driver"
            version = "1.0.0"
            dependencies = ["a", "b 2.0.0"]
            [[package]]
            name = "a"
            version = "1.0.0"
            checksum = "aa"
            dependencies = ["b 1.0.0"]
            [[package]]
            name = "b"
            version = "1.0.0"
            [[package]]
            name = "b"
            version = "2.0.0"
            [[package]]
            name = "unrelated"
            version = "1.0.0"
        "#;
        let lock = Lock::parse(text).unwrap();
        let found: Vec<String> = lock.closure("driver").into_iter().collect();
        assert_eq!(found, ["a 1.0.0 aa", "b 1.0.0 ", "b 2.0.0 ", "driver 1.0.0 "]);
    }
}
