//! The checksums of the lock file: of which registry's bytes a package is made.

use std::collections::BTreeMap;

use devkit::cargo::{Lock, Locked};

use super::tree::Id;

/// By package, the SHA-256 of what the registry sent. Packages of the workspace have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::release) struct Checksums(BTreeMap<Id, String>);

impl Checksums {
    /// Those in `lock`.
    pub(in crate::release) fn of(lock: Lock) -> Self {
        let sums = lock
            .packages
            .into_iter()
            .filter_map(|Locked { name, version, checksum, .. }| Some((Id { name, version }, checksum?)));
        Self(sums.collect())
    }

    /// That of a package from a registry; `None` for one of ours.
    pub(super) fn get(&self, id: &Id) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}
