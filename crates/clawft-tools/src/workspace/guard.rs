//! Identities of what no tool may reach: the configuration, the sessions and the notes.

use alloc::{borrow::ToOwned as _, string::String, vec::Vec};

use super::{join, locate};
use crate::files::{FileFault, Files, Identity, Kind, Stat};

/// The directories of the home directory whose content is confidential. The first one is the home itself.
const DIRECTORIES: [&str; 6] = ["", "sessions", "sessions/.locks", "notes", "titles", "responses"];

/// The directory that holds, for each key of a gateway, a directory like the home directory.
const KEYS: &str = "keys";

/// The name of the configuration file in the home directory.
const CONFIG: &str = "config.json";

/// The files and directories that no tool may reach, by identity: so no link, no mount, and no other spelling
/// of a path leads to them.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Sorted.
    identities: Vec<Identity>,
}

impl Guard {
    /// Collects the identities of `home`, of the files in it, and of `others`.
    ///
    /// Empty if the host gives files no identities. Such hosts have virtual file systems without links.
    pub(crate) fn collect(
        home: Option<&mut (dyn Files + Send + 'static)>,
        others: &[Identity],
    ) -> Result<Guard, FileFault> {
        let mut identities = others.to_vec();
        if let Some(home) = home
            && has_identities(home)?
        {
            for directory in DIRECTORIES {
                add_directory(home, directory, &mut identities)?;
            }
            for key in add_directory(home, KEYS, &mut identities)? {
                for directory in DIRECTORIES {
                    let path = join(&join(KEYS, &key), directory);
                    add_directory(home, &path, &mut identities)?;
                }
            }
        }
        identities.sort_unstable();
        Ok(Guard { identities })
    }

    /// Returns `stat`, or an error if it is of something confidential.
    pub(crate) fn check(&self, stat: Stat) -> Result<Stat, FileFault> {
        if self.permits(&stat) {
            Ok(stat)
        } else {
            Err(FileFault::Other(
                "this belongs to the configuration or the sessions, which tools cannot reach",
            ))
        }
    }

    /// Returns whether this is nothing confidential.
    pub(crate) fn permits(&self, stat: &Stat) -> bool {
        stat.identity
            .is_none_or(|identity| self.identities.binary_search(&identity).is_err())
    }
}

/// Returns whether a file and its directory have different identities.
fn has_identities(home: &mut dyn Files) -> Result<bool, FileFault> {
    let root = home.stat("")?.identity;
    let config = match home.stat(CONFIG) {
        Ok(stat) => stat.identity,
        Err(FileFault::NotFound) => None,
        Err(fault) => return Err(fault),
    };
    Ok(root.is_some() && root != config)
}

/// Adds a directory and the files in it; links with their targets. Returns the names of the directories in it.
fn add_directory(
    home: &mut dyn Files,
    directory: &str,
    identities: &mut Vec<Identity>,
) -> Result<Vec<String>, FileFault> {
    let mut directories = Vec::new();
    let located = locate(home, &Guard::default(), directory, true)?;
    let Some(stat) = located.stat else {
        return Ok(directories);
    };
    identities.extend(stat.identity);
    let mut names: Vec<String> = Vec::new();
    home.names(&located.path, stat.identity, &mut |name| {
        if !name.is_empty() {
            names.push(name.to_owned());
        }
        true
    })?;
    for name in names {
        let path = join(&located.path, &name);
        // A file may be gone by now: sessions are replaced all the time.
        let Ok(stat) = home.stat(&path) else { continue };
        if stat.kind == Kind::Directory {
            directories.push(name);
            continue;
        }
        identities.extend(stat.identity);
        if stat.kind == Kind::Link
            && let Ok(target) = locate(home, &Guard::default(), &path, true)
            && let Some(target) = target.stat.filter(|target| target.kind == Kind::File)
        {
            identities.extend(target.identity);
        }
    }
    Ok(directories)
}
