//! `list_files`, and the walk through directories.

use alloc::{string::String, vec::Vec};

use super::{Answer, Fault, MAX_PATH, Workspace, join, name};
use crate::{
    files::{FileFault, Files, Kind, Stat},
    text::{number, sort_backwards},
};

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
        if count == 0 && !self.is_lacking {
            return Ok("the directory is empty".into());
        }
        if !is_complete {
            list.push_str("[there are more: list a directory below it]\n");
        }
        self.add_lacking(&mut list);
        Ok(list)
    }

    /// Says in a result if entries were left out because of their names.
    pub(super) fn add_lacking(&self, list: &mut String) {
        if self.is_lacking {
            if !list.is_empty() && !list.ends_with("\n") {
                list.push('\n');
            }
            list.push_str("[files whose names are not UTF-8 or hold control characters are left out]\n");
        }
    }

    /// Calls `visit` with everything below `path` in the order of the paths, or with the file at `path`,
    /// until it returns false. Leaves out what is confidential. Links are not followed. Returns whether
    /// everything was visited.
    pub(super) fn walk(
        &mut self,
        path: &str,
        recursive: bool,
        visit: &mut dyn FnMut(&mut dyn Files, &str, &Stat) -> bool,
    ) -> Result<bool, Fault> {
        let (at, stat) = self.existing(path)?;
        if stat.kind != Kind::Directory {
            return Ok(visit(self.files, &at, &stat));
        }
        let mut budget = MAX_NAMES;
        let mut rest = Vec::new();
        self.add_entries(&mut rest, &at, &stat, &mut budget)?;
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
            if recursive && stat.kind == Kind::Directory && name(&path) != SKIPPED && budget > 0 {
                let _ = self.add_entries(&mut rest, &path, &stat, &mut budget);
            }
        }
        Ok(budget > 0)
    }

    /// Adds the paths of the entries of a directory; the first one is last. `budget` limits their number.
    fn add_entries(
        &mut self,
        paths: &mut Vec<String>,
        path: &str,
        stat: &Stat,
        budget: &mut usize,
    ) -> Result<(), FileFault> {
        let known = paths.len();
        let is_lacking = &mut self.is_lacking;
        self.files.names(path, stat.identity, &mut |name| {
            *budget -= 1;
            if name.is_empty() || name.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
                *is_lacking = true;
            // A longer path cannot be used. That ends the walk through a directory that holds itself.
            } else if path.len() + name.len() < MAX_PATH {
                paths.push(join(path, name));
            }
            *budget > 0
        })?;
        sort_backwards(paths.get_mut(known..).unwrap_or_default());
        Ok(())
    }
}
