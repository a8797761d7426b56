//! Shares directories with a second environment, at another path.

use std::{fs, io, path::Path};

use anyhow::{Context as _, Result};
use builds::files;

/// Copies the contents of the directory `from`, if it exists, to `to`, without the directories named in `without`.
/// A file of the same size in `to` stays.
///
/// # Errors
/// Fails if a file cannot be read or written.
pub(super) fn directory(
    from: &Path,
    to: &Path,
    without: &[&str],
    share: &dyn Fn(&Path, &Path) -> io::Result<()>,
) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    let size = |path: &Path| fs::metadata(path).map(|it| it.len()).ok();
    for path in files::below(from)? {
        let inner = path.strip_prefix(from)?;
        let goal = to.join(inner);
        if without.iter().any(|name| inner.starts_with(name)) || size(&goal) == size(&path) {
            continue;
        }
        let make = || -> io::Result<()> {
            fs::create_dir_all(goal.parent().unwrap_or(to))?;
            // The existing file may be a hard link to a shared one, which must not be changed.
            fs::remove_file(&goal).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            share(&path, &goal)
        };
        make().with_context(|| format!("could not write `{}`", goal.display()))?;
    }
    Ok(())
}

/// Links a file that nobody writes to.
pub(super) fn link(from: &Path, to: &Path) -> io::Result<()> {
    // Links do not work across file systems; copies do.
    fs::hard_link(from, to).or_else(|_| copy(from, to))
}

/// Copies a file that may be written to.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_new_and_changed_files_only() {
        let parent = tempfile::tempdir().unwrap();
        let (from, to) = (parent.path().join("from"), parent.path().join("to"));
        for (path, text) in [("index/a", "1"), ("share/b", "2")] {
            fs::create_dir_all(from.join(path).parent().unwrap()).unwrap();
            fs::write(from.join(path), text).unwrap();
        }
        let read = || fs::read_to_string(to.join("index/a")).unwrap();
        directory(&from, &to, &["share"], &link).unwrap();
        assert_eq!((read().as_str(), to.join("share").exists()), ("1", false));
        fs::remove_file(from.join("index/a")).unwrap();
        fs::write(from.join("index/a"), "22").unwrap();
        directory(&from, &to, &[], &copy).unwrap();
        assert_eq!((read().as_str(), to.join("share/b").exists()), ("22", true));
        directory(&parent.path().join("nothing"), &to, &[], &copy).unwrap();
    }
}
