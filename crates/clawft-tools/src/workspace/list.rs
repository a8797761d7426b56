//! `list_files`, and the walk through directories.

use super::{Answer, Last, MAX_PATH, Workspace, failed, join};
use crate::files::{FileFault, Files, Kind, Stat};
use crate::text::number;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// The maximum number of entries in a listing.
const MAX_ENTRIES: usize = 1000;

/// The maximum number of names that a walk collects.
const MAX_NAMES: usize = 20_000;

/// A directory that walks leave out, because it holds thousands of files that are not text.
const SKIPPED: &str = ".git";

impl Workspace<'_> {
    /// Lists a directory, with `recursive` also those below it.
    pub(crate) fn list_files(&mut self, path: &str, recursive: bool) -> Answer {
        let mut list = String::new();
        let mut count = 0;
        let is_complete = self.walk(path, recursive, &mut |_, path, stat| {
            list.push_str(path);
            match stat.kind {
                Kind::Directory => list.push('/'),
                Kind::File => {
                    list.push_str("  ");
                    list.push_str(&number(stat.size));
                }
                Kind::Link => list.push_str("  link"),
                Kind::Other => list.push_str("  not a file"),
            }
            list.push('\n');
            count += 1;
            count < MAX_ENTRIES
        })?;
        if count == 0 {
            return Ok("the directory is empty".to_owned());
        }
        if !is_complete {
            list.push_str("[there are more: list a directory below it]\n");
        }
        Ok(list)
    }

    /// Calls `visit` with everything below `path` in the order of the paths, or with the file at `path`,
    /// until it returns false. Leaves out what is confidential. Links are not followed. Returns whether
    /// everything was visited.
    pub(super) fn walk(
        &mut self,
        path: &str,
        recursive: bool,
        visit: &mut dyn FnMut(&mut dyn Files, &str, &Stat) -> bool,
    ) -> Result<bool, String> {
        let located = self.locate(path, Last::Follow)?;
        let stat = located
            .stat
            .ok_or_else(|| failed("list", path, FileFault::NotFound))?;
        if stat.kind != Kind::Directory {
            return Ok(visit(self.files, &located.path, &stat));
        }
        let mut budget = MAX_NAMES;
        let mut rest = self
            .entries(&located.path, &stat, &mut budget)
            .map_err(|fault| failed("list", path, fault))?;
        while let Some(path) = rest.pop() {
            // An entry may be gone by now, and the rest is still of use.
            let Ok(stat) = self.files.stat(&path) else {
                continue;
            };
            if !self.guard.permits(&stat) {
                continue;
            }
            if !visit(self.files, &path, &stat) {
                return Ok(false);
            }
            let is_skipped = path.rsplit('/').next() == Some(SKIPPED);
            if recursive
                && stat.kind == Kind::Directory
                && !is_skipped
                && budget > 0
                && let Ok(entries) = self.entries(&path, &stat, &mut budget)
            {
                rest.extend(entries);
            }
        }
        Ok(budget > 0)
    }

    /// Returns the paths of the entries of a directory; the first one is last. `budget` limits their number.
    fn entries(&mut self, path: &str, stat: &Stat, budget: &mut usize) -> Result<Vec<String>, FileFault> {
        let mut paths = vec![];
        self.files.names(path, stat.identity, &mut |name| {
            *budget -= 1;
            // A longer path cannot be used. That ends the walk through a directory that holds itself.
            if path.len() + name.len() < MAX_PATH {
                paths.push(join(path, name));
            }
            *budget > 0
        })?;
        paths.sort_unstable_by(|one, other| other.cmp(one));
        Ok(paths)
    }
}
