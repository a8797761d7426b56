//! The checksums in the lock file, by package.

use std::collections::BTreeMap;

use builds::{
    lock::{Lock, Locked},
    packages::Id,
};

/// The SHA-256 of each package's archive from the registry. Packages of the workspace have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::release) struct Checksums(BTreeMap<Id, String>);

impl Checksums {
    /// Returns the checksums in `lock`.
    pub(in crate::release) fn of(lock: Lock) -> Self {
        let sums = lock.packages.into_iter().filter_map(
            |Locked {
                 name,
                 version,
                 checksum,
                 ..
             }| Some((Id { name, version }, checksum?)),
        );
        Self(sums.collect())
    }

    /// Returns the checksum of a package from a registry; `None` for a package of the workspace.
    pub(super) fn get(&self, id: &Id) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}
