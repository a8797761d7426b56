//! The checksums of the lock file: of which registry's bytes a package is made.

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::tree::Id;
use crate::project::Project;

/// By package, the SHA-256 of what the registry sent. Packages of the workspace have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::release) struct Checksums(BTreeMap<Id, String>);

#[derive(Deserialize)]
struct Lock {
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Checksums {
    /// Those of the project's `Cargo.lock`.
    pub(in crate::release) fn of(project: &Project) -> Result<Self> {
        let text =
            fs::read_to_string(project.root.join("Cargo.lock")).context("could not read `Cargo.lock`")?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let lock: Lock = toml::from_str(text).context("could not understand `Cargo.lock`")?;
        let sums = lock
            .package
            .into_iter()
            .filter_map(|Entry { name, version, checksum }| Some((Id { name, version }, checksum?)));
        Ok(Self(sums.collect()))
    }

    /// That of a package from a registry; `None` for one of ours.
    pub(super) fn get(&self, id: &Id) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}
